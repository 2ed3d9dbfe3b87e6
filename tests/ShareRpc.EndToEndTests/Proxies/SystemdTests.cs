using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>The unit of docs/deploy.md, run by a real systemd with all that its sandbox does.</summary>
[Trait("Suite", "Deep")]
public sealed class SystemdTests : IDisposable
{
    /// <summary>Looks at the running service from outside of its sandbox, waits, stops it and powers off.</summary>
    private const string Probe = """
        [Unit]
        Wants=sharerpc.service
        After=sharerpc.service
        DefaultDependencies=no

        [Service]
        Type=oneshot
        TimeoutStartSec=240
        ExecStart=/bin/bash /shared/probe
        ExecStopPost=/bin/sh -c 'echo over > /shared/ready; kill -RTMIN+14 1'
        """;

    private const string Script = """
        exec > /shared/said 2>&1
        systemctl is-active sharerpc.service
        pid=$(systemctl show --property MainPID --value sharerpc.service)
        grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/$pid/status
        [ "$(stat --format %u /proc/$pid)" -ge 61184 ] && echo 'a user of its own'
        touch /proc/$pid/root/etc/touched 2> /dev/null || echo 'etc is read-only'
        [ -e /proc/$pid/root/dev/vda ] || [ -e /proc/$pid/root/dev/sda ] || echo 'no disk'
        stat --format 'state %a' /var/lib/private/sharerpc
        stat --format 'token %a' /var/lib/private/sharerpc/root.token
        cp /var/lib/private/sharerpc/root.token /shared/token
        mv /shared/token /shared/root.token
        echo up > /shared/ready
        until [ -e /shared/stop ]; do sleep 0.1; done
        systemctl stop sharerpc.service
        systemctl show --property Result --property ExecMainStatus sharerpc.service
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-systemd-");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [SystemdFact]
    public async Task The_unit_runs_in_the_sandbox_of_a_real_systemd_serves_and_stops_in_order()
    {
        await using var world = new World(); // for its free port
        string shared = folder.CreateSubdirectory("shared").FullName;
        string units = folder.CreateSubdirectory("units").FullName;
        await File.WriteAllTextAsync(Path.Combine(units, "sharerpc.service"), DeployPage.BlockOf(
            "## A service of systemd", "ini",
            ("http://127.0.0.1:8787", world.Server.GetLeftPart(UriPartial.Authority))), timeout);
        await File.WriteAllTextAsync(Path.Combine(units, "probe.service"), Probe, timeout);
        await File.WriteAllTextAsync(Path.Combine(shared, "probe"), Script, timeout);

        string boot = Path.Combine(
            OpencodeFixture.Root(), "tests", "ShareRpc.EndToEndTests", "Proxies", "under-systemd");
        await using Tool systemd = Tool.StartExecutable(
            boot, folder.FullName, new Dictionary<string, string?>(),
            [folder.FullName, AppContext.BaseDirectory, DotnetProgram.Folder]);
        string ready = Path.Combine(shared, "ready");
        await Until.TrueAsync(() => systemd.HasExited || File.Exists(ready), timeout);
        string said = await SaidAsync(shared);
        Assert.False(systemd.HasExited, $"{systemd.Errors}\n{said}");

        Assert.True(ShareToken.TryParse(
            (await File.ReadAllTextAsync(Path.Combine(shared, "root.token"), timeout)).Trim(), out ShareToken? root));
        await using (AdminClient admin = await AdminClient.OpenRootAsync(world.Server, root, timeout))
            Assert.Empty(await admin.ListSharesAsync(timeout));
        await File.WriteAllTextAsync(Path.Combine(shared, "stop"), "", timeout);
        await systemd.WaitForExitAsync(timeout);

        said = await SaidAsync(shared);
        string[] expected =
        [
            "active", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
            "a user of its own", "etc is read-only", "no disk", "state 700", "token 600", "Result=success",
            "ExecMainStatus=0",
        ];
        Assert.Equal(expected, said.Trim().Split('\n'));
        Assert.True(systemd.ExitCode == 0, systemd.Errors);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private async Task<string> SaidAsync(string shared)
    {
        string file = Path.Combine(shared, "said");
        return File.Exists(file) ? await File.ReadAllTextAsync(file, timeout) : "nothing";
    }
}
