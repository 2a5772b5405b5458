/* A C function that raises from errno and blocks before it returns: the exception is pending. */
#include <Python.h>
#include <errno.h>
#include <unistd.h>

static PyObject *
call(PyObject *self, PyObject *type)
{
    (void)self;
    errno = EINTR;
    PyErr_SetFromErrno(type);
    Py_BEGIN_ALLOW_THREADS
    pause();
    Py_END_ALLOW_THREADS
    return NULL;
}

static PyMethodDef methods[] = {{"call", call, METH_O, NULL}, {NULL, NULL, 0, NULL}};

#if PY_MAJOR_VERSION == 2
PyMODINIT_FUNC
initblocking_raise(void)
{
    Py_InitModule("blocking_raise", methods);
}
#else
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "blocking_raise", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit_blocking_raise(void)
{
    return PyModule_Create(&module);
}
#endif
