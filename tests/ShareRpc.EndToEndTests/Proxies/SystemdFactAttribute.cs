using System.Diagnostics;

namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>Marks a test that boots systemd in namespaces, where root may make them.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SystemdFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> Missing = new(() =>
    {
        if (!File.Exists("/lib/systemd/systemd")) return "systemd is not installed.";
        if (Environment.UserName != "root") return "Only root can boot a systemd.";
        using Process process = Process.Start(
            "unshare",
            ["--mount", "--pid", "--fork", "--cgroup", "mount", "-t", "cgroup2", "none", "/mnt"]);
        process.WaitForExit();
        return process.ExitCode == 0 ? null : "Namespaces with control groups of version 2 cannot be made here.";
    });

    public SystemdFactAttribute() => Skip = Missing.Value;
}
