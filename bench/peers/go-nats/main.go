// SPDX-License-Identifier: Apache-2.0

// An event store in JetStream as it is commonly written with nats.go, and the rows that it is
// measured by.
//
//	aether-bench-go-nats ROW SECONDS URL   prints wall and CPU nanoseconds per operation
//	aether-bench-go-nats version           prints the version of Go
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

func must(err error) {
	if err != nil {
		fmt.Println(err) // what the other side shows
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println(runtime.Version())
		return
	}
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: aether-bench-go-nats ROW SECONDS URL")
		os.Exit(2)
	}
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	must(err)
	m := &meter{budget: time.Duration(seconds * float64(time.Second))}
	if !measure(m, os.Args[1], os.Args[3]) {
		fmt.Fprintf(os.Stderr, "aether-bench-go-nats: no row %q\n", os.Args[1])
		os.Exit(2)
	}
	operations := float64(max(m.operations, 1))
	fmt.Printf("%.3f %.3f\n", float64(m.wall)/operations, float64(m.cpu)/operations)
}
