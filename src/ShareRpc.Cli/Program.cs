using System.Runtime.InteropServices;
using ShareRpc.Cli;

// Without OpenSSL the runtime aborts at the first hash, and does not say what to install.
bool isMissing = OperatingSystem.IsLinux()
    && !NativeLibrary.TryLoad("libssl.so.3", out _) && !NativeLibrary.TryLoad("libssl.so.1.1", out _);
if (isMissing)
{
    await Console.Error.WriteLineAsync(
        "sharerpc: OpenSSL is missing on this machine. Install it: libssl3 (Debian, Ubuntu), openssl-libs (Fedora).")
        .ConfigureAwait(false);
    return 1;
}

return await CommandLine.RunAsync(args, Console.Out, Console.Error).ConfigureAwait(false);
