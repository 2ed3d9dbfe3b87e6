namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>Marks a test that needs systemd-analyze, and root to become somebody else.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ServiceFactAttribute : FactAttribute
{
    public ServiceFactAttribute() => Skip = Environment.UserName == "root"
        ? Needs.Program("systemd-analyze", "systemd is not installed.") : "Only root can become another user.";
}
