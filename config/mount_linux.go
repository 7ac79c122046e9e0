package config

import (
	"os"

	"golang.org/x/sys/unix"
)

// onReadOnlyMount reports whether nobody can write where the file is, statfs(2).
func onReadOnlyMount(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) == nil && st.Flags&unix.ST_RDONLY != 0
}
