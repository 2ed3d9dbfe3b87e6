using System.Globalization;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>The unit of systemd and the commands of backup and restore that docs/deploy.md shows.</summary>
[Trait("Suite", "Deep")]
public sealed class ServiceTests : IDisposable
{
    private const string Installed = "/opt/sharerpc/sharerpc";
    private const string Data = "/var/lib/sharerpc";
    private const string Nobody = "65534";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-service-");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [ServiceFact]
    public async Task The_unit_is_one_of_systemd_and_its_command_runs_without_any_right()
    {
        string unit = DeployPage.BlockOf("## A service of systemd", "ini", (Installed, "/bin/true"));
        string file = Path.Combine(folder.FullName, "sharerpc.service");
        await File.WriteAllTextAsync(file, unit, timeout);
        await using (Tool verify = Run("systemd-analyze", "verify", file))
        {
            await verify.WaitForExitAsync(timeout);
            Assert.Equal((0, ""), (verify.ExitCode, verify.Errors));
        }

        Assert.InRange(await ExposureAsync(file), 0, 2.0);

        await using var world = new World(); // for its free port
        // What StateDirectory, StateDirectoryMode, UMask, NoNewPrivileges and CapabilityBoundingSet of the unit do.
        string data = Directory.CreateDirectory(Path.Combine(folder.FullName, "state")).FullName;
        await ShellAsync($"chmod 755 {folder.FullName} && chmod 700 {data} && chown {Nobody}:{Nobody} {data}");
        string command = unit.Replace("\\\n", "", StringComparison.Ordinal).Split('\n')
            .First(line => line.StartsWith("ExecStart=", StringComparison.Ordinal))["ExecStart=".Length..]
            .Replace(Data, data, StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8787", world.Server.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
            .Replace("/bin/true", ToolCommand, StringComparison.Ordinal);
        using var manager = new NotifySocket(Path.Combine(folder.FullName, "notify"));
        // What systemd sets for a service, besides its rights.
        string told = $"NOTIFY_SOCKET={manager.Path} SYSTEMD_EXEC_PID=$$";
        await using Tool service = Run("sh", "-c",
            $"umask 0077; exec setpriv --reuid={Nobody} --regid={Nobody} --clear-groups --no-new-privs "
            + $"--bounding-set=-all --inh-caps=-all env -i PATH=$PATH HOME=/ {told} {command}");
        string token = Path.Combine(data, "root.token");
        await Until.TrueAsync(
            () => service.HasExited || (File.Exists(token) && service.Lines.Count > 0), timeout);
        Assert.False(service.HasExited, service.Errors);
        Assert.Equal("READY=1", await manager.ReadAsync(timeout));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(token));
        await service.TerminateAsync(timeout);
        Assert.Equal("STOPPING=1", await manager.ReadAsync(timeout));
        Assert.Equal(0, service.ExitCode);
    }

    [ServiceFact]
    public async Task A_directory_of_another_user_is_named_with_the_next_step()
    {
        string own = folder.CreateSubdirectory("own").FullName;
        await ShellAsync($"chmod 755 {folder.FullName} && chmod 700 {own} && mkdir {own}/below");
        foreach (string data in new[] { own, Path.Combine(own, "below") })
        {
            await using Tool refused = Run("sh", "-c",
                $"exec setpriv --reuid={Nobody} --regid={Nobody} --clear-groups env -i PATH=$PATH HOME=/ "
                + $"{ToolCommand} serve --data {data} --urls http://127.0.0.1:0");
            await refused.WaitForExitAsync(timeout);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains(own, refused.Errors, StringComparison.Ordinal);
            Assert.Contains("--data", refused.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", refused.Errors, StringComparison.Ordinal);
        }
    }

    [ServiceFact]
    public async Task What_was_backed_up_while_the_server_ran_is_restored_by_the_commands()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        Assert.True(ShareToken.TryParse(
            (await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim(), out ShareToken? root));
        await CreateAsync(world.Server, root);
        string data = world.PathOf("data");
        (string, string)[] places = [(Data, data), ("/var/backups/sharerpc", world.PathOf("backup"))];
        await ShellAsync(DeployPage.BlockOf("## Backup and restore", "sh", places).Replace(
            "sharerpc ", $"{ToolCommand} ", StringComparison.Ordinal));
        await CreateAsync(world.Server, root); // after the backup: not in it
        await world.ServerProcess!.TerminateAsync(timeout);
        await ShellAsync(DeployPage.BlockOf("## Backup and restore", "bash", places).Replace(
            "sharerpc restore", $"{ToolCommand} restore", StringComparison.Ordinal));
        await world.StartServerAsync(null, timeout);
        await using AdminClient admin = await AdminClient.OpenRootAsync(world.Server, root, timeout);
        Assert.Single(await admin.ListSharesAsync(timeout));
    }

    public void Dispose() => folder.Delete(recursive: true);

    private static string ToolCommand => $"dotnet exec {Path.Combine(AppContext.BaseDirectory, "sharerpc.dll")}";

    private static async Task CreateAsync(Uri server, ShareToken root)
    {
        await using AdminClient admin = await AdminClient.OpenRootAsync(server, root);
        ShareToken token = ShareToken.New(ShareRpc.Protocol.Ids.RandomId.New());
        await admin.CreateShareAsync(new CreateShareRequest
        {
            ShareId = ShareRpc.Protocol.Ids.RandomId.New(), CapId = token.CapId, TokenDigest = token.Digest,
        });
    }

    /// <summary>Returns what systemd makes of the sandbox: 0 is best, 10 worst.</summary>
    private async Task<double> ExposureAsync(string file)
    {
        await using Tool security = Run("systemd-analyze", "security", "--offline=true", "--no-pager", file);
        await security.WaitForExitAsync(timeout);
        string verdict = security.Lines.Last(line => line.Contains("exposure level", StringComparison.Ordinal));
        return double.Parse(verdict.Split(':')[1].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private Tool Run(string program, params string[] arguments) =>
        Tool.StartExecutable(program, folder.FullName, new Dictionary<string, string?>(), arguments);

    private async Task ShellAsync(string commands)
    {
        await using Tool shell = Run("bash", "-ec", commands);
        await shell.WaitForExitAsync(timeout);
        Assert.True(shell.ExitCode == 0, $"{commands}\n{shell.Errors}");
    }
}
