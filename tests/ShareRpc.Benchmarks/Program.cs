return await ShareRpc.Benchmarks.BenchmarkProgram.RunAsync(args);
