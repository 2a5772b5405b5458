/* Makes system calls of every family once or twice, always alike; single-threaded.
 *
 * Usage: many_calls. What a trace prints of them is compared with strace's lines.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void handler(int signo) { (void)signo; }

static void files(void) {
    struct stat status;
    struct statx extended;
    struct statfs system;
    char bytes[200];
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    fstat(fd, &status);
    close(fd);
    syscall(SYS_stat, "/", &status);
    syscall(SYS_lstat, "/dev/stdin", &status);
    syscall(SYS_stat, "/nothing-here", &status);
    fstatat(AT_FDCWD, "/bin/sh", &status, AT_SYMLINK_NOFOLLOW);
    fstatat(AT_FDCWD, "/bin/sh", &status, 0);
    syscall(SYS_statx, AT_FDCWD, "/", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, &extended);
    syscall(SYS_statx, AT_FDCWD, "/", AT_SYMLINK_NOFOLLOW, STATX_ALL, &extended);
    syscall(SYS_statfs, "/proc", &system);
    access("/", R_OK | X_OK);
    syscall(SYS_faccessat2, AT_FDCWD, "/", R_OK, AT_EACCESS);
    readlink("/proc/self/exe", bytes, 4);
    readlinkat(AT_FDCWD, "/nothing-here", bytes, sizeof bytes);
    char name[] = "/tmp/many_calls.XXXXXX";
    fd = memfd_create("many_calls", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    write(fd, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
    lseek(fd, 0, SEEK_SET);
    lseek(fd, -3, SEEK_END);
    ftruncate(fd, 4096);
    struct iovec parts[2] = {{"ab\n", 3}, {"0123456789abcdefghijklmnopqrstuvwxyz", 36}};
    writev(fd, parts, 2);
    pwrite(fd, "xyz", 3, 10);
    pread(fd, bytes, 8, 10);
    struct iovec room[2] = {{bytes, 4}, {bytes + 4, 60}};
    preadv(fd, room, 2, 0);
    lseek(fd, 0, SEEK_SET);
    readv(fd, room, 2);
    pwritev2(fd, parts, 1, 0, 0);
    fsync(fd);
    fdatasync(fd);
    fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096);
    fchmod(fd, 0640);
    flock(fd, LOCK_EX | LOCK_NB);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 5};
    fcntl(fd, F_SETLK, &lock);
    fcntl(fd, F_GETLK, &lock);
    fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
    fcntl(fd, F_GETFD);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFD, 0);
    fcntl(fd, F_GETFD);
    fcntl(fd, F_DUPFD_CLOEXEC, 40);
    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW);
    fcntl(fd, F_GET_SEALS);
    dup(fd);
    dup2(fd, 50);
    dup3(fd, 51, O_CLOEXEC);
    off_t offset = 3;
    sendfile(51, fd, &offset, 4);
    copy_file_range(fd, &offset, 51, NULL, 2, 0);
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    msync(memory, 4096, MS_SYNC);
    mprotect(memory, 4096, PROT_READ);
    mremap(memory, 4096, 8192, MREMAP_MAYMOVE);
    madvise(memory, 4096, MADV_DONTNEED);
    close_range(40, 51, 0);
    close(fd);
    getcwd(bytes, sizeof bytes);
    int directory = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY);
    syscall(SYS_getdents64, directory, bytes, sizeof bytes);
    close(directory);
    mkdir("/nothing-here/x", 0755);
    rmdir("/nothing-here");
    unlink("/nothing-here");
    unlinkat(AT_FDCWD, "/nothing-here", AT_REMOVEDIR);
    rename("/nothing-here", "/nothing-there");
    syscall(SYS_renameat2, AT_FDCWD, "/nothing-here", AT_FDCWD, "/nothing-there", 1);
    link("/nothing-here", "/nothing-there");
    symlink("/nothing-here", "/nothing-there/x");
    chmod("/nothing-here", 0600);
    chown("/nothing-here", 0, -1);
    syscall(SYS_utimensat, AT_FDCWD, "/nothing-here", NULL, 0);
    struct timespec times_[2] = {{1, 2}, {0, UTIME_OMIT}};
    utimensat(AT_FDCWD, "/nothing-here", times_, AT_SYMLINK_NOFOLLOW);
    struct timespec whole_seconds[2] = {{1, 0}, {2, 0}};
    utimensat(AT_FDCWD, "/nothing-here", whole_seconds, 0);
    umask(022);
    umask(022);
    (void)name;
    syscall(SYS_openat, AT_FDCWD, "/nothing-here/x", O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static void waits(void) {
    int pipes[2];
    pipe2(pipes, O_CLOEXEC);
    struct pollfd polled[2] = {{pipes[0], POLLIN, 0}, {pipes[1], POLLIN | POLLOUT, 0}};
    poll(polled, 2, -1);
    poll(polled, 1, 0);
    polled[1].fd = -1;
    poll(polled, 2, 1);
    struct timespec second = {1, 5}, instant = {0, 1000};
    write(pipes[1], "x", 1);
    ppoll(polled, 1, &second, NULL);
    poll(NULL, 0, 1);
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(pipes[0], &in);
    FD_SET(pipes[1], &out);
    struct timeval wait = {2, 7}, none = {0, 0};
    syscall(SYS_select, pipes[1] + 1, &in, &out, NULL, NULL);
    syscall(SYS_select, pipes[0] + 1, &in, NULL, NULL, &none);
    char byte;
    read(pipes[0], &byte, 1);
    FD_SET(pipes[0], &in);
    syscall(SYS_select, pipes[0] + 1, &in, NULL, NULL, &none);
    FD_SET(pipes[1], &out);
    pselect(pipes[1] + 1, NULL, &out, NULL, &instant, NULL);
    FD_SET(pipes[0], &in);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    pselect(pipes[0] + 1, &in, NULL, NULL, &instant, &mask);
    syscall(SYS_select, 0, NULL, NULL, NULL, &none);
    (void)wait;
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.u64 = 77}}, events[4];
    epoll_ctl(set, EPOLL_CTL_ADD, pipes[0], &event);
    event.events = EPOLLOUT | EPOLLONESHOT;
    epoll_ctl(set, EPOLL_CTL_ADD, pipes[1], &event);
    epoll_ctl(set, EPOLL_CTL_DEL, 99, NULL);
    epoll_wait(set, events, 4, -1);
    epoll_wait(set, events, 4, 0);
    write(pipes[1], "x", 1);
    epoll_pwait(set, events, 4, 0, &mask);
    epoll_ctl(set, EPOLL_CTL_DEL, pipes[1], NULL);
    int counter = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    uint64_t value;
    read(counter, &value, sizeof value);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec when = {{1, 2}, {3, 4}}, then;
    timerfd_settime(timer, 0, &when, NULL);
    when.it_value.tv_sec = 0;
    when.it_value.tv_nsec = 0;
    timerfd_settime(timer, 0, &when, NULL);
    timerfd_gettime(timer, &then);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    int signals = signalfd(-1, &mask, SFD_CLOEXEC);
    close(signals);
    int watch = inotify_init1(IN_NONBLOCK);
    inotify_add_watch(watch, "/", IN_CREATE | IN_DELETE);
    close(watch);
    nanosleep(&instant, NULL);
    nanosleep(&instant, &second);
    clock_nanosleep(CLOCK_REALTIME, 0, &instant, NULL);
    syscall(SYS_nanosleep, &instant, NULL);
    uint32_t word = 0;
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, NULL);
    syscall(SYS_futex, &word, FUTEX_WAIT, 0, &instant);
    syscall(SYS_futex, &word, FUTEX_WAKE_BITSET, 1, NULL, NULL, -1);
    syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &word, 0);
}

static void sockets(void) {
    int pair[2], on = 1;
    char bytes[100];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
    send(pair[0], "hello\n", 6, MSG_NOSIGNAL);
    recv(pair[1], bytes, 3, MSG_PEEK);
    recv(pair[1], bytes, sizeof bytes, 0);
    recv(pair[1], bytes, sizeof bytes, MSG_DONTWAIT);
    struct iovec parts[2] = {{"ab", 2}, {"cdef", 4}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    sendmsg(pair[0], &message, 0);
    struct iovec room[1] = {{bytes, sizeof bytes}};
    struct msghdr into = {.msg_iov = room, .msg_iovlen = 1};
    recvmsg(pair[1], &into, 0);
    recvmsg(pair[1], &into, MSG_DONTWAIT);
    shutdown(pair[0], SHUT_WR);
    recv(pair[1], bytes, sizeof bytes, 0);
    int listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct timeval limit = {5, 6};
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct linger linger = {1, 2};
    setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    bind(listener, (struct sockaddr *)&address, length);
    listen(listener, 5);
    getsockname(listener, (struct sockaddr *)&address, &length);
    getpeername(listener, (struct sockaddr *)&address, &length);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    connect(client, (struct sockaddr *)&address, length);
    struct sockaddr_in peer;
    length = sizeof peer;
    int accepted = accept(listener, (struct sockaddr *)&peer, &length);
    accept4(client, NULL, NULL, SOCK_CLOEXEC);
    length = sizeof on;
    getsockopt(client, SOL_SOCKET, SO_ERROR, &on, &length);
    length = sizeof on;
    getsockopt(client, SOL_SOCKET, SO_TYPE, &on, &length);
    close(accepted);
    int datagrams = socket(AF_INET, SOCK_DGRAM, IPPROTO_IP);
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    bind(datagrams, (struct sockaddr *)&other, sizeof other);
    length = sizeof other;
    getsockname(datagrams, (struct sockaddr *)&other, &length);
    sendto(datagrams, "datagram", 8, 0, (struct sockaddr *)&other, length);
    length = sizeof peer;
    recvfrom(datagrams, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &length);
    struct msghdr named = {.msg_name = &other, .msg_namelen = sizeof other, .msg_iov = parts,
                           .msg_iovlen = 1};
    sendmsg(datagrams, &named, 0);
    struct msghdr from = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = room,
                          .msg_iovlen = 1};
    recvmsg(datagrams, &from, MSG_TRUNC);
    struct mmsghdr several[2] = {{.msg_hdr = named}, {.msg_hdr = named}};
    sendmmsg(datagrams, several, 2, 0);
    struct sockaddr_un local = {AF_UNIX, "/nothing-here/socket"};
    connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&local, sizeof local);
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
    connect(datagrams, (struct sockaddr *)&six, sizeof six);
    int waiting;
    ioctl(client, FIONREAD, &waiting);
    on = 1;
    ioctl(client, FIONBIO, &on);
    struct termios terminal;
    ioctl(client, TCGETS, &terminal);
    struct winsize size;
    ioctl(client, TIOCGWINSZ, &size);
}

static void signals(void) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR1, NULL, &old);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &old);
    sigset_t mask, pending;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &mask, &pending);
    sigprocmask(SIG_SETMASK, NULL, &pending);
    raise(SIGUSR1);
    sigpending(&pending);
    siginfo_t information;
    struct timespec instant = {0, 1};
    sigtimedwait(&mask, &information, &instant);
    sigtimedwait(&mask, &information, &instant);
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
    raise(SIGUSR1);
    kill(getpid(), 0);
    stack_t stack = {.ss_size = 0, .ss_flags = SS_DISABLE}, former;
    sigaltstack(&stack, &former);
    alarm(0);
    struct itimerval each = {{0, 0}, {100, 0}}, former_timer;
    setitimer(ITIMER_REAL, &each, NULL);
    each.it_value.tv_sec = 0;
    setitimer(ITIMER_VIRTUAL, &each, &former_timer);
    getitimer(ITIMER_VIRTUAL, &former_timer);
    alarm(0);
    timer_t timer;
    struct sigevent notify = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    timer_create(CLOCK_MONOTONIC, &notify, &timer);
    struct itimerspec never = {{0, 0}, {0, 0}};
    timer_settime(timer, 0, &never, NULL);
    timer_delete(timer);
}

static void processes(void) {
    int status;
    struct rusage usage;
    siginfo_t information;
    pid_t child = fork();
    if (child == 0)
        _exit(3);
    waitpid(child, &status, 0);
    int go_on[2];
    char byte;
    pipe(go_on);
    /* Held back, so that none of several interrupts a wait. */
    sigset_t of_children;
    sigemptyset(&of_children);
    sigaddset(&of_children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &of_children, NULL);
    child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        read(go_on[0], &byte, 1);
        raise(SIGKILL);
    }
    waitpid(child, &status, WUNTRACED);
    waitpid(child, &status, WNOHANG);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    write(go_on[1], "x", 1);
    wait4(child, &status, 0, &usage);
    sigprocmask(SIG_UNBLOCK, &of_children, NULL);
    child = fork();
    if (child == 0)
        _exit(0);
    waitid(P_PID, child, &information, WEXITED | WNOWAIT);
    waitid(P_PID, child, NULL, WEXITED);
    waitid(P_ALL, 0, &information, WEXITED | WNOHANG);
    wait4(-1, NULL, 0, NULL);
    child = vfork();
    if (child == 0) {
        execl("/nothing-here", "nothing", "here\n", NULL);
        _exit(1);
    }
    waitpid(-1, &status, __WALL);
    getrusage(RUSAGE_SELF, &usage);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_cur > 64 ? 64 : limit.rlim_cur;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_STACK, &limit);
    syscall(SYS_getrlimit, RLIMIT_CORE, &limit);
    getpriority(PRIO_PROCESS, 0);
    cpu_set_t processors;
    sched_getaffinity(0, sizeof processors, &processors);
    sched_yield();
    sched_getscheduler(0);
    prctl(PR_SET_NAME, "many\tcalls");
    prctl(PR_GET_DUMPABLE);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct utsname name;
    uname(&name);
    struct sysinfo machine;
    sysinfo(&machine);
    struct tms spent;
    times(&spent);
    syscall(SYS_getpgrp);
    getpgid(0);
    getsid(0);
    getuid();
    getgroups(0, NULL);
    getresuid(&(uid_t){0}, &(uid_t){0}, &(uid_t){0});
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    syscall(SYS_clock_getres, CLOCK_MONOTONIC, &now);
    struct timeval today;
    syscall(SYS_gettimeofday, &today, NULL);
    syscall(SYS_time, NULL);
    char bytes[8];
    syscall(SYS_getrandom, bytes, sizeof bytes, 1);
    syscall(SYS_membarrier, 0, 0, 0);
    syscall(SYS_getcpu, NULL, NULL, NULL);
    syscall(SYS_tgkill, getpid(), getpid(), 0);
    syscall(SYS_pidfd_open, getpid(), 0);
    syscall(SYS_personality, 0xffffffff);
    syscall(SYS_capget, NULL, NULL);
    syscall(SYS_shmget, 0, 4096, 0600 | 01000);
    syscall(999, 1, 2, 3);
}

int main(int argc, char **argv) {
    struct {
        const char *name;
        void (*run)(void);
    } families[] = {{"files", files},     {"waits", waits},         {"sockets", sockets},
                    {"signals", signals}, {"processes", processes}};
    for (size_t at = 0; at < sizeof families / sizeof *families; at++)
        if (argc < 2 || strcmp(argv[1], families[at].name) == 0)
            families[at].run();
    return 0;
}
