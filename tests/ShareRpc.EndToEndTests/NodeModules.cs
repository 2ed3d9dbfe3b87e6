namespace ShareRpc.EndToEndTests;

/// <summary>The npm workspace, installed when its lock file has changed.</summary>
internal static class NodeModules
{
    private static readonly SemaphoreSlim OneAtATime = new(1);

    public static async Task InstallAsync(CancellationToken cancellationToken)
    {
        string root = OpencodeFixture.Root();
        await OneAtATime.WaitAsync(cancellationToken);
        try
        {
            var installed = new FileInfo(Path.Combine(root, "node_modules", ".package-lock.json"));
            if (installed.Exists
                && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(root, "package-lock.json")))
                return;
            await using Tool npm = Tool.StartExecutable(
                "npm", root, new Dictionary<string, string?>(), "ci", "--no-audit", "--no-fund");
            await npm.WaitForExitAsync(cancellationToken);
            Assert.True(npm.ExitCode == 0, npm.Errors);
        }
        finally
        {
            OneAtATime.Release();
        }
    }
}
