using ShareRpc.EndToEndTests.Viewer;

namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>Marks a test with nginx, Caddy and a browser; see <see cref="Needs"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProxyFactAttribute : FactAttribute
{
    public ProxyFactAttribute() => Skip = Needs.Program("nginx", "nginx is not installed.")
        ?? Needs.Program("caddy", "Caddy is not installed.") ?? new BrowserFactAttribute().Skip;
}
