/* A program in which the interpreter begins and ends several times: lives N source runs the source in each life. */
#include <Python.h>

#include <stdlib.h>

int main(int argc, char **argv)
{
    for (int left = argc == 3 ? atoi(argv[1]) : 0; left > 0; left--) {
        Py_Initialize();
        int failed = PyRun_SimpleString(argv[2]);
        if (Py_FinalizeEx() < 0 || failed) {
            return 1;
        }
    }
    return argc == 3 ? 0 : 2;
}
