"""Names of the flags and constants of calls on files and descriptors (x86_64).

Values are those of the kernel's headers, named above each table; the spelling and the order
of the names is that of strace 6.1 (its src/xlat).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

# include/uapi/linux/fcntl.h
AT_FLAGS: Final = MappingProxyType(
    {
        0x100: "AT_SYMLINK_NOFOLLOW",
        0x200: "AT_REMOVEDIR",
        0x400: "AT_SYMLINK_FOLLOW",
        0x800: "AT_NO_AUTOMOUNT",
        0x1000: "AT_EMPTY_PATH",
    }
)
ACCESS_AT_FLAGS: Final = MappingProxyType(
    {0x100: "AT_SYMLINK_NOFOLLOW", 0x200: "AT_EACCESS", 0x1000: "AT_EMPTY_PATH"}
)
STATX_SYNC_BITS: Final = 0x6000
STATX_SYNC: Final = MappingProxyType(
    {0: "AT_STATX_SYNC_AS_STAT", 0x2000: "AT_STATX_FORCE_SYNC", 0x4000: "AT_STATX_DONT_SYNC"}
)

# include/uapi/linux/stat.h
STATX_MASKS: Final = MappingProxyType(
    {
        0xFFF: "STATX_ALL",
        0x7FF: "STATX_BASIC_STATS",
        0x1: "STATX_TYPE",
        0x2: "STATX_MODE",
        0x4: "STATX_NLINK",
        0x8: "STATX_UID",
        0x10: "STATX_GID",
        0x20: "STATX_ATIME",
        0x40: "STATX_MTIME",
        0x80: "STATX_CTIME",
        0x100: "STATX_INO",
        0x200: "STATX_SIZE",
        0x400: "STATX_BLOCKS",
        0x800: "STATX_BTIME",
        0x1000: "STATX_MNT_ID",
        0x2000: "STATX_DIOALIGN",
    }
)
STATX_ATTRIBUTES: Final = MappingProxyType(
    {
        0x4: "STATX_ATTR_COMPRESSED",
        0x10: "STATX_ATTR_IMMUTABLE",
        0x20: "STATX_ATTR_APPEND",
        0x40: "STATX_ATTR_NODUMP",
        0x800: "STATX_ATTR_ENCRYPTED",
        0x1000: "STATX_ATTR_AUTOMOUNT",
        0x2000: "STATX_ATTR_MOUNT_ROOT",
        0x100000: "STATX_ATTR_VERITY",
        0x200000: "STATX_ATTR_DAX",
    }
)
FILE_TYPES: Final = MappingProxyType(
    {
        0o140000: "S_IFSOCK",
        0o120000: "S_IFLNK",
        0o100000: "S_IFREG",
        0o060000: "S_IFBLK",
        0o040000: "S_IFDIR",
        0o020000: "S_IFCHR",
        0o010000: "S_IFIFO",
    }
)
FILE_TYPE_BITS: Final = 0o170000
DEVICE_TYPES: Final = frozenset({0o060000, 0o020000})  # which have st_rdev, and no size
MODE_BITS: Final = MappingProxyType({0o4000: "S_ISUID", 0o2000: "S_ISGID", 0o1000: "S_ISVTX"})
UTIME_NOW: Final = 0x3FFFFFFF
UTIME_OMIT: Final = 0x3FFFFFFE

# include/uapi/linux/magic.h, and for XFS its own header xfs_format.h
FILE_SYSTEMS: Final = MappingProxyType(
    {
        0x9FA0: "PROC_SUPER_MAGIC",
        0xEF53: "EXT2_SUPER_MAGIC",
        0x01021994: "TMPFS_MAGIC",
        0x62656572: "SYSFS_MAGIC",
        0x794C7630: "OVERLAYFS_SUPER_MAGIC",
        0x9123683E: "BTRFS_SUPER_MAGIC",
        0x58465342: "XFS_SUPER_MAGIC",
        0x63677270: "CGROUP2_SUPER_MAGIC",
        0x1CD1: "DEVPTS_SUPER_MAGIC",
        0x6969: "NFS_SUPER_MAGIC",
        0xF97CFF8C: "SELINUX_MAGIC",
    }
)
# include/linux/statfs.h
MOUNT_FLAGS: Final = MappingProxyType(
    {
        0x20: "ST_VALID",
        0x1: "ST_RDONLY",
        0x2: "ST_NOSUID",
        0x4: "ST_NODEV",
        0x8: "ST_NOEXEC",
        0x10: "ST_SYNCHRONOUS",
        0x40: "ST_MANDLOCK",
        0x400: "ST_NOATIME",
        0x800: "ST_NODIRATIME",
        0x1000: "ST_RELATIME",
        0x2000: "ST_NOSYMFOLLOW",
    }
)

# include/uapi/linux/memfd.h, falloc.h, fs.h, close_range.h; asm-generic/mman-common.h, mman.h
MEMFD_FLAGS: Final = MappingProxyType({1: "MFD_CLOEXEC", 2: "MFD_ALLOW_SEALING", 4: "MFD_HUGETLB"})
FALLOCATE_MODES: Final = MappingProxyType(
    {
        0x1: "FALLOC_FL_KEEP_SIZE",
        0x2: "FALLOC_FL_PUNCH_HOLE",
        0x4: "FALLOC_FL_NO_HIDE_STALE",
        0x8: "FALLOC_FL_COLLAPSE_RANGE",
        0x10: "FALLOC_FL_ZERO_RANGE",
        0x20: "FALLOC_FL_INSERT_RANGE",
        0x40: "FALLOC_FL_UNSHARE_RANGE",
    }
)
RENAME_FLAGS: Final = MappingProxyType(
    {1: "RENAME_NOREPLACE", 2: "RENAME_EXCHANGE", 4: "RENAME_WHITEOUT"}
)
CLOSE_RANGE_FLAGS: Final = MappingProxyType({2: "CLOSE_RANGE_UNSHARE", 4: "CLOSE_RANGE_CLOEXEC"})
MSYNC_FLAGS: Final = MappingProxyType({1: "MS_ASYNC", 2: "MS_INVALIDATE", 4: "MS_SYNC"})
MREMAP_MAYMOVE: Final = 1
MREMAP_FIXED: Final = 2
MREMAP_DONTUNMAP: Final = 4
MREMAP_FLAGS: Final = MappingProxyType(
    {MREMAP_MAYMOVE: "MREMAP_MAYMOVE", MREMAP_FIXED: "MREMAP_FIXED", 4: "MREMAP_DONTUNMAP"}
)
READ_WRITE_FLAGS: Final = MappingProxyType(
    {1: "RWF_HIPRI", 2: "RWF_DSYNC", 4: "RWF_SYNC", 8: "RWF_NOWAIT", 16: "RWF_APPEND"}
)

# include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h
DESCRIPTOR_FLAGS: Final = MappingProxyType({1: "FD_CLOEXEC"})
SEALS: Final = MappingProxyType(
    {
        0x1: "F_SEAL_SEAL",
        0x2: "F_SEAL_SHRINK",
        0x4: "F_SEAL_GROW",
        0x8: "F_SEAL_WRITE",
        0x10: "F_SEAL_FUTURE_WRITE",
    }
)
