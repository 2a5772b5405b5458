/* What C code can make of EINTR: functions that wait in read(2) and answer it differently.

   An extension module for 2.7 and, through the limited API of 3.6, for every 3.x. Each
   function waits for a byte with the GIL released. */
#ifdef LIMITED
#define Py_LIMITED_API 0x03060000
#endif
#include <Python.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile sig_atomic_t handled;
static sigjmp_buf before_the_call;

/* Calls again by itself; not static, so that ctypes can call it. Returns how often it did. */
__attribute__((noinline)) long
read_retrying(int fd)
{
    char byte;
    long retries = 0;
    while (read(fd, &byte, 1) == -1 && errno == EINTR)
        retries++;
    return retries;
}

static PyObject *
wait_retrying(PyObject *self, PyObject *fd)
{
    long retries;
    (void)self;
    Py_BEGIN_ALLOW_THREADS
    retries = read_retrying((int)PyLong_AsLong(fd));
    Py_END_ALLOW_THREADS
    return PyLong_FromLong(retries);
}

static PyObject *
wait_retrying_with_checks(PyObject *self, PyObject *fd)
{
    char byte;
    long retries = 0, got;
    (void)self;
    for (;;) {
        Py_BEGIN_ALLOW_THREADS
        got = read((int)PyLong_AsLong(fd), &byte, 1);
        Py_END_ALLOW_THREADS
        if (got != -1 || errno != EINTR)
            return PyLong_FromLong(retries);
        retries++;
        if (PyErr_CheckSignals())
            return NULL;
    }
}

static PyObject *
wait_passing_on(PyObject *self, PyObject *fd)
{
    char byte;
    long got;
    (void)self;
    Py_BEGIN_ALLOW_THREADS
    got = read((int)PyLong_AsLong(fd), &byte, 1);
    Py_END_ALLOW_THREADS
    return PyLong_FromLong(got);
}

/* Asks for the handlers that are due, and passes -1 on: calling again is up to its caller. */
static PyObject *
wait_asking_once(PyObject *self, PyObject *fd)
{
    char byte;
    long got;
    (void)self;
    Py_BEGIN_ALLOW_THREADS
    got = read((int)PyLong_AsLong(fd), &byte, 1);
    Py_END_ALLOW_THREADS
    if (got == -1 && PyErr_CheckSignals())
        return NULL;
    return PyLong_FromLong(got);
}

/* Raises by PyErr_SetString(), as libraries do that have exceptions of their own. */
static PyObject *
wait_raising_its_own(PyObject *self, PyObject *fd)
{
    char byte;
    long got;
    (void)self;
    Py_BEGIN_ALLOW_THREADS
    got = read((int)PyLong_AsLong(fd), &byte, 1);
    Py_END_ALLOW_THREADS
    if (got == -1) {
        PyErr_SetString(PyExc_RuntimeError, "interrupted");
        return NULL;
    }
    return PyLong_FromLong(got);
}

static PyObject *
wait_raising(PyObject *self, PyObject *fd)
{
    char byte;
    long got;
    (void)self;
    Py_BEGIN_ALLOW_THREADS
    got = read((int)PyLong_AsLong(fd), &byte, 1);
    Py_END_ALLOW_THREADS
    return got == -1 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(got);
}

/* Needs install_jumping_handler(): its handler leaves the call for good, and gives -2. */
static PyObject *
wait_jumped_out_of(PyObject *self, PyObject *fd)
{
    char byte;
    volatile long got = -2;
    int number = (int)PyLong_AsLong(fd);
    PyThreadState *volatile thread = PyEval_SaveThread();
    (void)self;
    if (!sigsetjmp(before_the_call, 1))
        got = read(number, &byte, 1);
    PyEval_RestoreThread(thread);
    return PyLong_FromLong(got);
}

/* Machine code that no file holds and no unwind information covers, as of a JIT compiler:
   again: xor eax, eax; syscall; cmp rax, -EINTR; je again; ret   (read(2) is number 0) */
static const unsigned char made_code[] = {0x31, 0xc0, 0x0f, 0x05, 0x48, 0x83,
                                          0xf8, 0xfc, 0x74, 0xf6, 0xc3};

static PyObject *
wait_in_made_code(PyObject *self, PyObject *fd)
{
    char byte;
    long got;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)self;
    if (page == MAP_FAILED)
        return PyErr_SetFromErrno(PyExc_OSError);
    memcpy(page, made_code, sizeof made_code);
    Py_BEGIN_ALLOW_THREADS
    got = ((long (*)(int, char *, long))page)((int)PyLong_AsLong(fd), &byte, 1);
    Py_END_ALLOW_THREADS
    munmap(page, 4096);
    return PyLong_FromLong(got);
}

static void
on_signal(int signo)
{
    (void)signo;
    handled++;
}

static void
on_signal_jump(int signo)
{
    (void)signo;
    handled++;
    siglongjmp(before_the_call, 1);
}

static PyObject *
install(PyObject *signo, void (*handler)(int), int flags)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    if (sigaction((int)PyLong_AsLong(signo), &action, NULL))
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *
install_handler(PyObject *self, PyObject *signo)
{
    (void)self;
    return install(signo, on_signal, 0);
}

static PyObject *
install_restarting_handler(PyObject *self, PyObject *signo)
{
    (void)self;
    return install(signo, on_signal, SA_RESTART);
}

static PyObject *
install_jumping_handler(PyObject *self, PyObject *signo)
{
    (void)self;
    return install(signo, on_signal_jump, 0);
}

static PyObject *
handled_count(PyObject *self, PyObject *none)
{
    (void)self, (void)none;
    return PyLong_FromLong(handled);
}

static PyMethodDef methods[] = {
    {"wait_retrying", wait_retrying, METH_O, NULL},
    {"wait_retrying_with_checks", wait_retrying_with_checks, METH_O, NULL},
    {"wait_passing_on", wait_passing_on, METH_O, NULL},
    {"wait_asking_once", wait_asking_once, METH_O, NULL},
    {"wait_raising", wait_raising, METH_O, NULL},
    {"wait_raising_its_own", wait_raising_its_own, METH_O, NULL},
    {"wait_jumped_out_of", wait_jumped_out_of, METH_O, NULL},
    {"wait_in_made_code", wait_in_made_code, METH_O, NULL},
    {"install_handler", install_handler, METH_O, NULL},
    {"install_restarting_handler", install_restarting_handler, METH_O, NULL},
    {"install_jumping_handler", install_jumping_handler, METH_O, NULL},
    {"handled_count", handled_count, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL}};

#if PY_MAJOR_VERSION == 2
PyMODINIT_FUNC
initc_answers(void)
{
    Py_InitModule("c_answers", methods);
}
#else
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "c_answers", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit_c_answers(void)
{
    return PyModule_Create(&module);
}
#endif
