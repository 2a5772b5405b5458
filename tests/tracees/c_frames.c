/* Functions whose frames are found in different ways. Says "ready"; goes on when another process
   has set `go`, then waits for a signal. The handler stays where it is, on a stack of its own if
   an argument was given. */
#include <alloca.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAME __attribute__((noinline, noclone))

volatile int go;
volatile int kept;
static char other_stack[64 << 10];

FRAME int leaf(int x)
{
    return x * 3;
}

FRAME int of_many_registers(int a, int b, int c, int d, int e, int f)
{
    int sum = leaf(a) + leaf(b);
    for (int i = 0; i < 2; i++)
        sum += leaf(a + i) * c + leaf(b + i) * d + leaf(e) * f;
    if (sum == 7)
        return leaf(sum) + kept;
    return leaf(sum);
}

FRAME int on_the_stack(int length)
{
    char *text = alloca(length);
    memset(text, 1, length);
    kept = text[length / 2];
    return leaf(text[0]) + 1;
}

FRAME int aligned(int x, ...)
{
    char text[64] __attribute__((aligned(64)));
    memset(text, x, sizeof text);
    kept = text[x];
    return on_the_stack(kept + 16) + text[1];
}

FRAME int in_the_vdso(void)
{
    return time(NULL) != 0;  /* the others try again until the clock stands still: not when stepped */
}

/* Without unwind information, and right behind it a function that has some. */
int without_entry(int (*call)(void));
int faulting(void);
__asm__(".text\n"
        "without_entry: subq $8, %rsp\n"
        "call *%rdi\n"
        "addq $8, %rsp\n"
        "ret\n"
        "faulting: .cfi_startproc\n"
        "ud2\n"
        ".cfi_endproc\n");

FRAME int lazily_bound(void)
{
    return getppid() + 1;
}

FRAME int work(void)
{
    return of_many_registers(1, 2, 3, 4, 5, 6) + aligned(7) + in_the_vdso() + lazily_bound();
}

FRAME __attribute__((noreturn)) void stay(void)
{
    for (;;)
        pause();
}

/* Its last instruction is the call: the return address is the next function's. */
FRAME __attribute__((noreturn)) void never_returned_to(void)
{
    stay();
}

static void handler(int signo)
{
    (void)signo;
    kept = 1;
    never_returned_to();
}

FRAME int pausing(void)
{
    return pause() + 1;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = handler};
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
    int (*last)(void) = pausing;
    if (argc > 1 && strcmp(argv[1], "other-stack") == 0) {
        sigaltstack(&stack, NULL);
        action.sa_flags = SA_ONSTACK;
    }
    if (argc > 1 && strcmp(argv[1], "faulting") == 0)
        last = faulting;
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    puts("ready");
    fflush(stdout);
    if (argc > 1 && strcmp(argv[1], "without-entry") == 0)
        return without_entry(pausing) + 1;
    kept = aligned(7) + in_the_vdso();  /* the functions that they call are bound by now */
    if (argc == 1) {
        while (!go)
            usleep(1000);
        kept = work();
    }
    return last() + 1;
}
