"""Functions that are too long to be written down."""

import linecache


def define(name, lines, **scope):
    """The function of this name from these lines.

    The lines are where inspect looks for them: of a function without source, Dynamo compiles a wrapper in its place.
    """
    file = f"(defined) {name} of {len(lines)} lines"
    text = "\n".join(lines) + "\n"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    exec(compile(text, file, "exec"), scope)
    return scope[name]
