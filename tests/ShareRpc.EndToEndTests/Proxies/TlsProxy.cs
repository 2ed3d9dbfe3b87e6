using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ShareRpc.EndToEndTests.Proxies;

/// <summary>A real proxy with a certificate of its own, in front of the server of a world.</summary>
internal sealed class TlsProxy : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-proxy-");
    private readonly HeldPort port = new();
    private Tool? process;

    private TlsProxy(string path) => Address = new Uri($"https://localhost:{port.Number}{path}");

    /// <summary>The address that people see.</summary>
    public Uri Address { get; }

    /// <summary>
    /// Starts nginx with the block of docs/deploy.md. A prefix (<c>/shares/</c>) is taken off, or kept.
    /// </summary>
    public static async Task<TlsProxy> StartNginxAsync(Uri server, string prefix, bool keepsPrefix,
        CancellationToken timeout)
    {
        var proxy = new TlsProxy(prefix.TrimEnd('/'));
        (string certificate, string key) = await proxy.CreateCertificateAsync(timeout);
        string site = DeployPage.Block("nginx",
            ("listen 443 ssl;", $"listen 127.0.0.1:{proxy.port.Number} ssl;"),
            ("server_name share.example.org;", "server_name localhost;"),
            ("/etc/ssl/share.example.org.pem", certificate), ("/etc/ssl/share.example.org.key", key),
            ("location / {", $"location {prefix} {{"),
            ("proxy_pass http://127.0.0.1:8787;",
                $"proxy_pass http://{server.Authority}{(prefix == "/" || keepsPrefix ? "" : "/")};"));
        string folder = proxy.directory.FullName;
        string configuration = Path.Combine(folder, "nginx.conf");
        string own = string.Join('\n', new[] { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }
            .Select(name => $"{name}_temp_path {folder}/{name};"));
        await File.WriteAllTextAsync(
            configuration, $"daemon off; pid {folder}/nginx.pid; events {{}}\nhttp {{ {own}\n{site} }}", timeout);
        await proxy.RunAsync("nginx", ["-c", configuration, "-p", folder, "-e", "stderr"], timeout);
        return proxy;
    }

    /// <summary>Starts Caddy with the block of docs/deploy.md.</summary>
    public static async Task<TlsProxy> StartCaddyAsync(Uri server, string prefix, CancellationToken timeout)
    {
        var proxy = new TlsProxy(prefix.TrimEnd('/'));
        (string certificate, string key) = await proxy.CreateCertificateAsync(timeout);
        string site = DeployPage.Block("caddyfile",
            ("share.example.org {", $"https://localhost:{proxy.port.Number} {{\n\ttls {certificate} {key}"),
            ("127.0.0.1:8787", server.Authority));
        if (prefix != "/")
        {
            site = site.Replace("\trequest_body", $"\thandle_path {prefix}* {{\n\trequest_body",
                StringComparison.Ordinal);
            site = site.TrimEnd()[..^1] + "\t}\n}\n";
        }

        string configuration = Path.Combine(proxy.directory.FullName, "Caddyfile");
        // No HTTP/3, whose UDP port of the same number is what holds the port.
        string all = "{\n\tadmin off\n\tauto_https off\n\tservers {\n\t\tprotocols h1 h2\n\t}\n}\n";
        await File.WriteAllTextAsync(configuration, all + site, timeout);
        await proxy.RunAsync("caddy", ["run", "--config", configuration, "--adapter", "caddyfile"], timeout);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await process.DisposeAsync();
        port.Dispose();
        directory.Delete(recursive: true);
    }

    private async Task RunAsync(string program, string[] arguments, CancellationToken timeout)
    {
        var home = new Dictionary<string, string?> { ["HOME"] = directory.FullName,
            ["XDG_DATA_HOME"] = directory.FullName };
        process = Tool.StartExecutable(program, directory.FullName, home, arguments);
        await Until.TrueAsync(AnswersOrGoneAsync, timeout);
        if (process.HasExited) Assert.Fail($"{program}: exit code {process.ExitCode}: {process.Errors}");
    }

    private async Task<bool> AnswersOrGoneAsync()
    {
        if (process!.HasExited) return true;
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port.Number);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<(string Certificate, string Key)> CreateCertificateAsync(CancellationToken timeout)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(7));
        string file = Path.Combine(directory.FullName, "certificate.pem");
        string keyFile = Path.Combine(directory.FullName, "key.pem");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), timeout);
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem(), timeout);
        return (file, keyFile);
    }
}
