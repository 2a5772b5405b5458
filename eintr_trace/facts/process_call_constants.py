"""Names of the flags and constants of calls about processes and their limits (x86_64).

Values are those of the kernel's headers, named above each table; the spelling and the order
of the names is that of strace 6.1 (its src/xlat).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

# include/uapi/linux/sched.h
CLONE_SIGNAL_BITS: Final = 0xFF  # CSIGNAL
CLONE_PARENT_SETTID: Final = 0x00100000
CLONE_CHILD_CLEARTID: Final = 0x00200000
CLONE_CHILD_SETTID: Final = 0x01000000
CLONE_SETTLS: Final = 0x00080000
CLONE_PIDFD: Final = 0x00001000
CLONE_FLAGS: Final = MappingProxyType(
    {
        0x00000100: "CLONE_VM",
        0x00000200: "CLONE_FS",
        0x00000400: "CLONE_FILES",
        0x00000800: "CLONE_SIGHAND",
        CLONE_PIDFD: "CLONE_PIDFD",
        0x00002000: "CLONE_PTRACE",
        0x00004000: "CLONE_VFORK",
        0x00008000: "CLONE_PARENT",
        0x00010000: "CLONE_THREAD",
        0x00020000: "CLONE_NEWNS",
        0x00040000: "CLONE_SYSVSEM",
        CLONE_SETTLS: "CLONE_SETTLS",
        CLONE_PARENT_SETTID: "CLONE_PARENT_SETTID",
        CLONE_CHILD_CLEARTID: "CLONE_CHILD_CLEARTID",
        0x00400000: "CLONE_DETACHED",
        0x00800000: "CLONE_UNTRACED",
        CLONE_CHILD_SETTID: "CLONE_CHILD_SETTID",
        0x02000000: "CLONE_NEWCGROUP",
        0x04000000: "CLONE_NEWUTS",
        0x08000000: "CLONE_NEWIPC",
        0x10000000: "CLONE_NEWUSER",
        0x20000000: "CLONE_NEWPID",
        0x40000000: "CLONE_NEWNET",
        0x80000000: "CLONE_IO",
        1 << 32: "CLONE_CLEAR_SIGHAND",
        1 << 33: "CLONE_INTO_CGROUP",
    }
)

# include/uapi/linux/resource.h, asm-generic/resource.h
USERS: Final = MappingProxyType(
    {0: "RUSAGE_SELF", 0xFFFFFFFF: "RUSAGE_CHILDREN", 1: "RUSAGE_THREAD"}
)
PRIORITIES: Final = MappingProxyType({0: "PRIO_PROCESS", 1: "PRIO_PGRP", 2: "PRIO_USER"})
RLIM64_INFINITY: Final = (1 << 64) - 1
LIMITS: Final = MappingProxyType(
    dict(
        enumerate(
            (
                "RLIMIT_CPU",
                "RLIMIT_FSIZE",
                "RLIMIT_DATA",
                "RLIMIT_STACK",
                "RLIMIT_CORE",
                "RLIMIT_RSS",
                "RLIMIT_NPROC",
                "RLIMIT_NOFILE",
                "RLIMIT_MEMLOCK",
                "RLIMIT_AS",
                "RLIMIT_LOCKS",
                "RLIMIT_SIGPENDING",
                "RLIMIT_MSGQUEUE",
                "RLIMIT_NICE",
                "RLIMIT_RTPRIO",
                "RLIMIT_RTTIME",
            )
        )
    )
)

# include/uapi/linux/sched.h
SCHEDULERS: Final = MappingProxyType(
    {
        0: "SCHED_OTHER",
        1: "SCHED_FIFO",
        2: "SCHED_RR",
        3: "SCHED_BATCH",
        5: "SCHED_IDLE",
        6: "SCHED_DEADLINE",
    }
)

# include/uapi/linux/prctl.h
PR_SET_PDEATHSIG: Final = 1
PR_GET_DUMPABLE: Final = 3
PR_SET_DUMPABLE: Final = 4
PR_SET_NAME: Final = 15
PRCTL_OPERATIONS: Final = MappingProxyType(
    {
        PR_SET_PDEATHSIG: "PR_SET_PDEATHSIG",
        2: "PR_GET_PDEATHSIG",
        PR_GET_DUMPABLE: "PR_GET_DUMPABLE",
        PR_SET_DUMPABLE: "PR_SET_DUMPABLE",
        7: "PR_GET_KEEPCAPS",
        8: "PR_SET_KEEPCAPS",
        PR_SET_NAME: "PR_SET_NAME",
        16: "PR_GET_NAME",
        21: "PR_GET_SECCOMP",
        22: "PR_SET_SECCOMP",
        23: "PR_CAPBSET_READ",
        29: "PR_SET_TIMERSLACK",
        30: "PR_GET_TIMERSLACK",
        36: "PR_SET_CHILD_SUBREAPER",
        37: "PR_GET_CHILD_SUBREAPER",
        38: "PR_SET_NO_NEW_PRIVS",
        39: "PR_GET_NO_NEW_PRIVS",
        0x53564D41: "PR_SET_VMA",
    }
)
# How many arguments count, where strace shows not all five: prctl(2).
PRCTL_ARGUMENTS: Final = MappingProxyType(
    {PR_SET_PDEATHSIG: 1, PR_GET_DUMPABLE: 0, PR_SET_DUMPABLE: 1, 7: 0, PR_SET_NAME: 1, 30: 0}
)
# include/linux/sched/coredump.h
DUMPABLE: Final = MappingProxyType(
    {0: "SUID_DUMP_DISABLE", 1: "SUID_DUMP_USER", 2: "SUID_DUMP_ROOT"}
)
