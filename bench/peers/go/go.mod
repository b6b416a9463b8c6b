module aether-bench-go

go 1.19
