return await ShareRpc.EndToEndTests.Harness.HarnessProgram.RunAsync(args);
