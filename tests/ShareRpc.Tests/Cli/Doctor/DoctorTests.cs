using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ShareRpc.Cli;
using ShareRpc.Server.Hosting;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Cli.Doctor;

/// <summary>One broken set-up a case: what the doctor says, and what to do.</summary>
public sealed class DoctorTests : ToolTest
{
    [Fact]
    public async Task A_sound_set_up_has_no_finding()
    {
        List<JsonElement> findings = await DoctorAsync(0, [.. ToRoot]);
        Assert.All(findings, finding => Assert.Equal("OK", finding.GetProperty("verdict").GetString()));
        Assert.Equal(["rights", "disk", "reach", "ready", "clock", "websocket", "versions"],
            findings.Select(finding => finding.GetProperty("check").GetString()));
    }

    [Fact]
    public async Task A_server_that_does_not_run_is_named()
    {
        using var free = new HeldPort();
        string address = free.Address.GetLeftPart(UriPartial.Authority);
        AssertFailed(await DoctorAsync(1, "--server", address), "reach", "Nothing listens", "sharerpc serve");
        Assert.Equal(ExitCode.Error, (await RunAsync("doctor", "--ready", "--server", address)).ExitCode);
    }

    [Fact]
    public async Task A_name_that_nobody_knows_is_named() => AssertFailed(
        await DoctorAsync(1, "--server", "http://no-such-host.invalid"), "reach", "is not known here", "DNS");

    [Fact]
    public async Task Something_else_that_listens_there_is_named()
    {
        using var other = new HttpListener();
        using var port = new HeldPort();
        other.Prefixes.Add(port.Address.AbsoluteUri);
        other.Start();
        Task answering = AnswerAsync(other, 404, 2);
        AssertFailed(await DoctorAsync(1, "--server", port.Address.AbsoluteUri), "reach", "status 404",
            "Is it a ShareRpc server?");
        other.Stop();
        await answering;
    }

    [Fact]
    public async Task A_proxy_that_passes_no_upgrade_is_named()
    {
        using var other = new HttpListener();
        using var port = new HeldPort();
        other.Prefixes.Add(port.Address.AbsoluteUri);
        other.Start();
        Task answering = AnswerAsync(other, 200, 3);
        AssertFailed(await DoctorAsync(1, "--server", port.Address.AbsoluteUri), "websocket", "upgrade",
            "docs/deploy.md");
        other.Stop();
        await answering;
    }

    [Fact]
    public async Task A_token_that_was_revoked_is_named()
    {
        string token = Path.Combine(Files.Folder, "agent.token");
        Assert.Equal(0, (await RunAsync(["agent", "add", "--label", "laptop", "--out", token, .. ToRoot])).ExitCode);
        Assert.Equal(0, (await RunAsync(["agent", "revoke", "laptop", "--yes", .. ToRoot])).ExitCode);
        AssertFailed(await DoctorAsync(1, "--server", Server.Address.ToString(), "--token-file", token), "token",
            "refuses", "sharerpc agent add");
    }

    [Fact]
    public async Task A_state_that_is_a_file_is_named()
    {
        await File.WriteAllTextAsync(StatePath, "", Timeout);
        (int exitCode, _, string errors) = await RunAsync(["doctor", .. ToRoot]);
        Assert.Equal(ExitCode.Error, exitCode);
        Assert.Contains("is a file", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_can_start_has_no_failure()
    {
        List<JsonElement> findings = await DoctorAsync(0, "serve", "--data", Path.Combine(Files.Folder, "new"),
            "--urls", "http://127.0.0.1:0");
        Assert.Contains(findings, finding => finding.GetProperty("check").GetString() == "address");
        Assert.False(Directory.Exists(Path.Combine(Files.Folder, "new")));
    }

    [Fact]
    public async Task What_keeps_a_server_from_starting_is_named()
    {
        string data = Path.Combine(Files.Folder, "data");
        string notACertificate = Path.Combine(Files.Folder, "cert.pem");
        await File.WriteAllTextAsync(notACertificate, "nonsense", Timeout);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        AssertFailed(await DoctorAsync(1, "serve", "--data", data, "--urls", $"http://{other.LocalEndpoint}"),
            "address", "Another program listens", "");
        AssertFailed(await DoctorAsync(1, "serve", "--data", data, "--urls", "https://127.0.0.1:0",
            "--tls-cert", notACertificate, "--tls-key", notACertificate), "tls", "not a certificate", "--tls-cert");
        AssertFailed(await DoctorAsync(1, "serve", "--data", data, "--urls", "https://127.0.0.1:0"),
            "configuration", "https needs a certificate", "--print-config");
        AssertFailed(await DoctorAsync(1, "serve", "--data", notACertificate), "rights", "is a file", "--data");
        AssertFailed(await DoctorAsync(1, "serve", "--data", data, "--min-free-space", "900000000MB"), "disk",
            "are free", "Free some space");
        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(Path.Combine(data, "shares.db"), "", Timeout);
        AssertFailed(await DoctorAsync(1, "serve", "--data", data), "keys", "is missing", "backup");
    }

    private static async Task AnswerAsync(HttpListener listener, int status, int most)
    {
        try
        {
            for (int i = 0; i < most; i++)
            {
                HttpListenerContext context = await listener.GetContextAsync();
                context.Response.StatusCode = status;
                context.Response.Close();
            }
        }
        catch (HttpListenerException)
        {
            // stopped
        }
        catch (ObjectDisposedException)
        {
            // stopped
        }
    }

    [Fact]
    public async Task A_token_file_that_is_missing_is_a_finding() => AssertFailed(
        await DoctorAsync(1, "--server", Server.Address.ToString(), "--token-file", Path.Combine(Files.Folder, "none")),
        "token", "There is no token file", "--token-file");

    [Fact]
    public async Task A_database_that_does_not_answer_is_a_finding_and_no_directory_is_looked_at()
    {
        const string Nobody = "Host=127.0.0.1;Port=1;Database=none;Username=none;Timeout=2";
        List<JsonElement> findings =
            await DoctorAsync(1, "serve", "--postgres", Nobody, "--keys", Path.Combine(Files.Folder, "keys"));
        AssertFailed(findings, "database", "database", "--postgres");
        AssertFailed(findings, "keys", "--keys", "sharerpc init");
        Assert.DoesNotContain(findings, finding => finding.GetProperty("check").GetString() == "disk");
    }

    [PostgresFact]
    public async Task The_database_of_nodes_is_looked_at()
    {
        string database = await TestPostgres.NewEmptyDatabaseAsync();
        string keys = Path.Combine(Files.Folder, "keys");
        AssertFailed(await DoctorAsync(1, "serve", "--postgres", database, "--keys", keys), "schema", "is empty",
            "sharerpc init");
        await PostgresStart.InitAsync(database, keys, Path.Combine(Files.Folder, "root.token"), TimeProvider.System,
            CancellationToken.None);
        List<JsonElement> findings =
            await DoctorAsync(0, "serve", "--postgres", database, "--keys", keys, "--urls", "http://127.0.0.1:0");
        Assert.Superset(
            new HashSet<string?>(["database", "schema", "clock", "standby", "connections"]),
            new HashSet<string?>(findings.Select(finding => finding.GetProperty("check").GetString())));
    }

    private async Task<List<JsonElement>> DoctorAsync(int expected, params string[] args)
    {
        (int exitCode, string output, string errors) = await RunAsync(["doctor", .. args, "--json"]);
        Assert.True(exitCode == expected, $"{exitCode} {output} {errors}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private static void AssertFailed(List<JsonElement> findings, string check, string message, string action)
    {
        JsonElement finding = Assert.Single(findings, finding => finding.GetProperty("check").GetString() == check
            && finding.GetProperty("verdict").GetString() == "FAILURE");
        Assert.Contains(message, finding.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains(action, finding.GetProperty("action").GetString(), StringComparison.Ordinal);
    }
}
