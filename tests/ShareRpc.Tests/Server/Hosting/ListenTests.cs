using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;

namespace ShareRpc.Tests.Server.Hosting;

/// <summary>Where a server listens, by TLS or not, and what it says when it cannot.</summary>
public sealed class ListenTests : IDisposable
{
    private const string Host = "share.example.org";
    private readonly X509Certificate2 root = NewAuthority("root", by: null);
    private readonly X509Certificate2 intermediate;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-test-");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    public ListenTests()
    {
        intermediate = NewAuthority("intermediate", root);
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private string Certificate => Path.Combine(folder.FullName, "tls.crt");

    private string Key => Path.Combine(folder.FullName, "tls.key");

    [Fact]
    public async Task An_address_that_cannot_be_used_is_named_with_the_reason()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        string taken = $"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}";

        Assert.Contains($"Another program listens on {taken}", await RefusedAsync(taken), StringComparison.Ordinal);
        Assert.Contains(
            "http://192.0.2.1:8787 is not an address of this machine",
            await RefusedAsync("http://127.0.0.1:0;http://192.0.2.1:8787"), StringComparison.Ordinal);
        Assert.Contains(
            "https needs a certificate", await RefusedAsync("https://127.0.0.1:0"), StringComparison.Ordinal);
        Assert.Contains("--public-url", await RefusedAsync("http://share.example.org:0"), StringComparison.Ordinal);
        Assert.Contains("without a path", await RefusedAsync("http://127.0.0.1:0/share"), StringComparison.Ordinal);
        string mayNot = ListenFailure.Describe(SocketError.AccessDenied, "http://0.0.0.0:80");
        Assert.Contains("may not listen on http://0.0.0.0:80", mayNot, StringComparison.Ordinal);
        Assert.Contains("CAP_NET_BIND_SERVICE", mayNot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_cannot_listen_makes_no_directory()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        string data = Path.Combine(folder.FullName, "data");
        var options = new ServerOptions
        {
            DataDirectory = data, Urls = $"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}",
        };
        await Assert.ThrowsAsync<ServerStartException>(() => ShareRpcServer.StartAsync(options, null, timeout));

        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task A_certificate_is_served_with_its_chain_and_read_again_when_it_is_renewed()
    {
        const string Url = "https://127.0.0.1:0";
        Assert.Contains("cannot be read", await RefusedAsync(Url, Certificate, Key), StringComparison.Ordinal);
        string first = Renew();
        string fitting = await File.ReadAllTextAsync(Key, timeout);
        await File.WriteAllTextAsync(Key, "nonsense", timeout);
        Assert.Contains(
            "are not a certificate and its key", await RefusedAsync(Url, Certificate, Key), StringComparison.Ordinal);
        string plain = await RefusedAsync("http://127.0.0.1:0", Certificate, Key);
        Assert.Contains("no address is https", plain, StringComparison.Ordinal);
        Assert.Contains("Give both", await RefusedAsync(Url, Certificate, null), StringComparison.Ordinal);
        await File.WriteAllTextAsync(Key, fitting, timeout);

        await using ShareRpcServer server =
            await ShareRpcServer.StartAsync(Options(Url, Certificate, Key), null, timeout);
        string served = await ServedAsync(server.Address);
        string second = Renew();
        string renewed = await ServedAsync(server.Address);
        await File.WriteAllTextAsync(Certificate, "half written", timeout);
        string kept = await ServedAsync(server.Address);

        Assert.Equal("https", server.Address.Scheme);
        Assert.Equal((first, second, second), (served, renewed, kept));
        Assert.NotEqual(first, second);
        using var handler = new SocketsHttpHandler { SslOptions = Trusting() };
        using var http = new HttpClient(handler);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(server.Address, "/readyz"), timeout)).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("160301020001")]
    public async Task A_handshake_of_TLS_that_does_not_end_is_closed_in_time(string begun)
    {
        Renew();
        ServerOptions options = Options("https://127.0.0.1:0", Certificate, Key);
        options.ServerLimits = ServerLimits.Default with { TlsHandshakeTime = TimeSpan.FromSeconds(1) };
        await using ShareRpcServer server = await ShareRpcServer.StartAsync(options, null, timeout);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port, timeout);
        await client.GetStream().WriteAsync(Convert.FromHexString(begun), timeout);
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1], timeout));
    }

    public void Dispose()
    {
        root.Dispose();
        intermediate.Dispose();
        folder.Delete(recursive: true);
    }

    private ServerOptions Options(string urls, string? certificate = null, string? key = null) => new()
    {
        DataDirectory = Path.Combine(folder.FullName, "data"), Urls = urls, TlsCertificate = certificate, TlsKey = key,
    };

    private async Task<string> RefusedAsync(string urls, string? certificate = null, string? key = null) =>
        (await Assert.ThrowsAsync<ServerStartException>(
            () => ShareRpcServer.StartAsync(Options(urls, certificate, key), null, timeout))).Message;

    /// <summary>Connects as a client that trusts the root only: the server has to send the rest of the chain.</summary>
    private async Task<string> ServedAsync(Uri server)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Port, timeout);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(Trusting(), timeout);
        return tls.RemoteCertificate!.GetCertHashString();
    }

    private SslClientAuthenticationOptions Trusting() => new()
    {
        TargetHost = Host,
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    private static X509Certificate2 NewAuthority(string name, X509Certificate2? by)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        if (by is null) return request.CreateSelfSigned(Now.AddDays(-1), Now.AddDays(9));
        using X509Certificate2 made = request.Create(by, Now.AddDays(-1), Now.AddDays(8), [1, 2, 3]);
        return made.CopyWithPrivateKey(key);
    }

    /// <summary>Writes a new certificate and its key, as a program that renews them does.</summary>
    private string Renew()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.Create(
            intermediate, Now.AddDays(-1), Now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Certificate, $"{made.ExportCertificatePem()}\n{intermediate.ExportCertificatePem()}\n");
        File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
        return made.GetCertHashString();
    }
}
