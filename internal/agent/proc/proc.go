// Package proc reads what the kernel says of another process: its memory, its processor time
// and its open files.
//
// What belongs here: numbers of /proc on Linux. What does not: what they should be.
package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Resident is the resident memory in KiB (VmRSS, proc_pid_status(5)), pages of the binary included.
func Resident(pid int) (int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(raw), "VmRSS:")
	if !found {
		return 0, fmt.Errorf("process %d has no memory any more", pid)
	}
	return strconv.Atoi(strings.Fields(rest)[0])
}

// Processor is the time that the process has run, in user and kernel mode (proc_pid_stat(5));
// a tick is 10 ms on every Linux that Go runs on.
func Processor(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+2:]))
	user, err1 := strconv.Atoi(fields[11])
	kernel, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+kernel) * 10 * time.Millisecond, errors.Join(err1, err2)
}

// Switches is how often the threads of the process have gone to sleep by themselves
// (voluntary_ctxt_switches): each time something has woken them up before.
func Switches(pid int) (n int, err error) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return 0, err
	}
	for _, t := range tasks {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/status", pid, t.Name()))
		if err != nil {
			continue // a thread that has ended
		}
		_, rest, _ := strings.Cut(string(raw), "\nvoluntary_ctxt_switches:")
		if f := strings.Fields(rest); len(f) > 0 {
			k, err := strconv.Atoi(f[0])
			if err != nil {
				return 0, err
			}
			n += k
		}
	}
	return n, nil
}

// Files is how many files and sockets the process has open.
func Files(pid int) (int, error) {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list), err
}
