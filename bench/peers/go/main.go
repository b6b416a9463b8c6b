// SPDX-License-Identifier: Apache-2.0

// The in-memory event store as it is commonly written in Go, and the rows that it is measured by.
//
//	aether-bench-go ROW SECONDS   prints wall and CPU nanoseconds per operation
//	aether-bench-go version       prints the version of Go
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// meter times only what it is given, until that has taken as long as was asked for.
type meter struct {
	budget     time.Duration
	wall, cpu  time.Duration
	operations int
}

func (m *meter) wantsMore() bool { return m.wall < m.budget }

func (m *meter) time(operations int, work func()) {
	cpu := cpuTime()
	start := time.Now()
	work()
	m.wall += time.Since(start)
	m.cpu += cpuTime() - cpu
	m.operations += operations
}

// cpuTime is that of all threads, the garbage collector's too.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(runtime.Version())
		return
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: aether-bench-go ROW SECONDS")
		os.Exit(2)
	}
	row, known := rows[os.Args[1]]
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	if !known || err != nil {
		fmt.Fprintf(os.Stderr, "aether-bench-go: no row %q of %q seconds\n", os.Args[1], os.Args[2])
		os.Exit(2)
	}
	m := &meter{budget: time.Duration(seconds * float64(time.Second))}
	row(m)
	fmt.Printf("%.3f %.3f\n", float64(m.wall)/float64(m.operations),
		float64(m.cpu)/float64(m.operations))
}
