/* Reads until a byte comes, and does something else each time that a signal interrupts it.
 *
 * Usage: stepped MODE [MICROSECONDS]. Says ready; with MICROSECONDS a timer ticks that often. The
 * account is one line of JSON: how often EINTR was seen and a handler ran, how many SIGTRAPs came,
 * and whether the trap flag was ever seen. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#define TRAP_FLAG 0x100

static volatile sig_atomic_t handled, traps;
static volatile unsigned long rounds;
static unsigned long flags_seen;
static jmp_buf again;

static void on_signal(int signo)
{
    (void)signo;
    handled++;
}

static void on_trap(int signo)
{
    (void)signo;
    traps++;
}

static void read_flags(void)
{
    unsigned long flags;
    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    flags_seen |= flags;
}

__attribute__((noinline)) static void spin(void)
{
    for (rounds = 0; rounds < 200000; rounds++)
        ;
}

__attribute__((noinline)) static void leave(void)
{
    longjmp(again, 1);
}

__attribute__((noinline)) static void look_elsewhere(void)
{
    char name[64];
    ssize_t got = readlink("/proc/self/exe", name, sizeof name);
    (void)got;
}

__attribute__((noinline)) static void react(const char *mode)
{
    if (!strcmp(mode, "longjmp"))
        leave();
    if (!strcmp(mode, "spin"))
        spin();
    if (!strcmp(mode, "flags"))
        read_flags();
    if (!strcmp(mode, "elsewhere"))
        look_elsewhere();
}

/* In mode "epoll" in a call that signals without a handler interrupt as well. */
static int wait_for_byte(const char *mode, int poller)
{
    struct epoll_event event;
    char byte;
    if (!strcmp(mode, "epoll"))
        return epoll_wait(poller, &event, 1, -1);
    return read(0, &byte, 1);
}

int main(int argc, char **argv)
{
    struct sigaction handler = {.sa_handler = on_signal}, trap = {.sa_handler = on_trap};
    sigaction(SIGUSR1, &handler, NULL);
    sigaction(SIGALRM, &handler, NULL);
    sigaction(SIGTRAP, &trap, NULL);
    puts("ready");
    fflush(stdout);
    if (argc > 2) {
        long period = 0;
        sscanf(argv[2], "%ld", &period);
        struct itimerval timer = {{0, period}, {0, period}};
        setitimer(ITIMER_REAL, &timer, NULL);
    }
    static volatile int interrupted;
    int poller = epoll_create1(0);
    struct epoll_event readable = {.events = EPOLLIN};
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &readable);
    setjmp(again);
    while (wait_for_byte(argv[1], poller) < 0 && errno == EINTR) {
        interrupted++;
        react(argv[1]);
    }
    struct itimerval off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &off, NULL);
    read_flags();
    printf("{\"interrupted\": %d, \"handled\": %d, \"traps\": %d, \"trap_flag\": %s}\n", interrupted,
           (int)handled, (int)traps, flags_seen & TRAP_FLAG ? "true" : "false");
    return 0;
}
