using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Reflection;
using System.Security.Authentication;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Terminal;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Cli.Doctor;

/// <summary>Looks at the way from this machine to a server, and at what this machine keeps. Changes nothing.</summary>
internal sealed class ClientDoctor(CommandContext context, Uri server, CreatorToken tokens)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(1);
    private const int SoonDays = 14;
    private readonly Uri? proxy = ProxyOf(server);
    private DateTime? certificateEnds;
    private SslPolicyErrors certificateErrors;

    /// <summary>Returns whether a server says that it is ready.</summary>
    public static async Task<bool> IsReadyAsync(Uri server)
    {
        using var http = new HttpClient { Timeout = Patience };
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(AddressOf(server, "/readyz")).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    public async IAsyncEnumerable<Finding> RunAsync()
    {
        foreach (Finding finding in DirectoryChecks.Run(context.State.Folder, "--state")) yield return finding;
        foreach (Finding finding in await LookAtOutboxAsync().ConfigureAwait(false)) yield return finding;
        if (proxy is not null)
            yield return Finding.Ok("proxy", $"{server.Host} is reached through {proxy}, which the environment names.");
        Finding reach = await ReachAsync().ConfigureAwait(false);
        yield return reach;
        if (reach.Verdict == Verdict.Failure) yield break;
        foreach (Finding finding in await LookAtServerAsync().ConfigureAwait(false)) yield return finding;
        yield return await LookAtSocketAsync().ConfigureAwait(false);
        yield return await LookAtTokenAsync().ConfigureAwait(false);
    }

    private static Uri? ProxyOf(Uri server)
    {
        if (server.IsLoopback || HttpClient.DefaultProxy.IsBypassed(server)) return null;
        return HttpClient.DefaultProxy.GetProxy(server) is { } address && address != server
            ? new UriBuilder(address) { UserName = "", Password = "" }.Uri : null;
    }

    private async Task<IReadOnlyList<Finding>> LookAtOutboxAsync()
    {
        if (!File.Exists(context.State.OutboxPath)) return [];
        try
        {
            await using ShareClient client = await ShareClient.OpenAsync(
                context.State.ClientOptions(server, creatorCapId: null), send: false).ConfigureAwait(false);
            IReadOnlyList<WriterStatus> all = await client.StatusAsync().ConfigureAwait(false);
            long waiting = all.Sum(share => share.Pending + share.InFlight);
            long refused = all.Sum(share => share.Failed);
            string said = $"{waiting} op(s) wait to be sent to this server, {refused} were refused.";
            return [refused == 0 ? Finding.Ok("outbox", said)
                : Finding.Warn("outbox", said, "sharerpc outbox status says why; then outbox retry, export or drop.")];
        }
        catch (Exception error) when (error is OutboxException or CredentialStoreException)
        {
            return [Finding.Fail("outbox", error.Message, "Do what the message says; what is queued is in that file.")];
        }
    }

    private async Task<Finding> ReachAsync()
    {
        if (proxy is null && !IPAddress.TryParse(server.IdnHost, out _))
        {
            try
            {
                await Dns.GetHostAddressesAsync(server.IdnHost).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                return Finding.Fail("reach", $"The name {server.Host} is not known here.",
                    "Check the address of --server, and this machine's name service (DNS).");
            }
        }

        try
        {
            using HttpResponseMessage answer = await GetAsync("/healthz").ConfigureAwait(false);
            if (answer.IsSuccessStatusCode) return Finding.Ok("reach", $"{server} answers.");
            string status = $"{(int)answer.StatusCode}";
            return proxy is not null && answer.StatusCode is HttpStatusCode.ProxyAuthenticationRequired
                or HttpStatusCode.BadGateway or HttpStatusCode.Forbidden
                ? Finding.Fail("reach", $"The proxy {proxy} answers {status} instead of the server.",
                    "Give the proxy what it asks for (HTTPS_PROXY with user), or put the host into NO_PROXY.")
                : Finding.Fail("reach", $"{server} answers /healthz with status {status}.",
                    "Is it a ShareRpc server? Check --server, with its path, and the proxy in front (docs/deploy.md).");
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return Explain(error);
        }
    }

    private Finding Explain(Exception error)
    {
        if (error.GetBaseException() is AuthenticationException || certificateErrors != SslPolicyErrors.None)
        {
            string what = certificateErrors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
                ? $"The certificate is not for {server.Host}."
                : certificateEnds < context.Time.GetUtcNow().UtcDateTime
                ? $"The certificate of {server.Host} ended {certificateEnds:yyyy-MM-dd}."
                : $"This machine does not trust the certificate of {server.Host}.";
            return Finding.Fail("tls", what, "Check the address and this machine's clock, or have it renewed; or add "
                + "its authority to the system's certificates (or name its file by SSL_CERT_FILE).");
        }

        if (proxy is not null)
        {
            return Finding.Fail("proxy", $"No answer from {server} through the proxy {proxy}.",
                "Check the proxy that HTTP_PROXY or HTTPS_PROXY names, or put the server's host into NO_PROXY.");
        }

        return error is OperationCanceledException
            ? Finding.Fail("reach", $"{server} does not answer within {Patience.TotalSeconds} s.",
                "A firewall may drop the packets: check the port, and that the server listens there (--urls).")
            : Finding.Fail("reach", $"Nothing listens at {server}.",
                "Start the server (sharerpc serve), and check that --server is right.");
    }

    private async Task<IReadOnlyList<Finding>> LookAtServerAsync()
    {
        var findings = new List<Finding>();
        if (certificateEnds is { } ends)
        {
            string said = $"The certificate of {server.Host} ends {ends:yyyy-MM-dd}.";
            bool isSoon = ends < context.Time.GetUtcNow().UtcDateTime.AddDays(SoonDays);
            findings.Add(isSoon ? Finding.Warn("tls", said, "Have it renewed.") : Finding.Ok("tls", said));
        }

        try
        {
            using HttpResponseMessage answer = await GetAsync("/readyz").ConfigureAwait(false);
            string said = (await answer.Content.ReadAsStringAsync().ConfigureAwait(false)).Split('\n')[0].Trim();
            findings.Add(answer.IsSuccessStatusCode ? Finding.Ok("ready", "The server can commit.")
                : Finding.Fail("ready", $"The server is not ready: {SafeText.Line(said, 200)}",
                    "Look at its log, and run sharerpc doctor serve where it runs. Ops wait in the outbox meanwhile."));
            if (answer.Headers.Date is { } date) findings.Add(CheckClock(date));
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            findings.Add(Explain(error));
        }

        return findings;
    }

    private Finding CheckClock(DateTimeOffset theirs)
    {
        TimeSpan apart = context.Time.GetUtcNow() - theirs;
        string said = string.Create(CultureInfo.InvariantCulture,
            $"This machine's clock and the server's are {Math.Abs(apart.TotalSeconds):N0} s apart.");
        return apart.Duration() < ClockSlack ? Finding.Ok("clock", said)
            : Finding.Warn("clock", said, "Set the wrong one, by a time service (NTP): times of links go by them.");
    }

    private async Task<Finding> LookAtSocketAsync()
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(Subprotocols.V1Json);
        socket.Options.CollectHttpResponseDetails = true;
        using var handler = NewHandler();
        using var invoker = new HttpMessageInvoker(handler);
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        try
        {
            await socket.ConnectAsync(new UriBuilder(AddressOf(server, Subprotocols.Path))
            {
                Scheme = server.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs,
            }.Uri, invoker, patience.Token).ConfigureAwait(false);
            return Finding.Ok("websocket", $"{Subprotocols.Path} takes WebSockets, {Subprotocols.V1Json}.");
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            string status = socket.HttpStatusCode == default ? "no answer" : $"status {(int)socket.HttpStatusCode}";
            return Finding.Fail("websocket", $"The upgrade at {Subprotocols.Path} got {status}.",
                "A proxy between must pass WebSocket upgrades: docs/deploy.md has configurations. Status 503: the "
                    + "server is full.");
        }
    }

    private async Task<Finding> LookAtTokenAsync()
    {
        try
        {
            if (tokens.Find(server) is not { } capId
                || new CredentialStore(context.State.CredentialsPath).FindToken(capId) is not { } token)
            {
                return Finding.Ok("token", "There is no creator token for this server here; links work without one.");
            }

            await using AdminClient admin =
                await AdminClient.OpenRootAsync(server, token, CancellationToken.None).ConfigureAwait(false);
            return CheckVersion(await VersionAsync(admin).ConfigureAwait(false));
        }
        catch (ShareRpcException refused)
        {
            return Finding.Fail("token", $"The server refuses the token of this machine: {refused.Hint}",
                "Get another one from whoever runs the server (sharerpc agent add), and name it with --token-file.");
        }
        catch (Exception unread) when (unread is CliException or CredentialStoreException)
        {
            return Finding.Fail("token", unread.Message, "Name a file with a token by --token-file.");
        }
        catch (DisconnectedException)
        {
            return Finding.Fail("token", "The connection was lost while the token was tried.", "Run this again.");
        }
    }

    private static async Task<string?> VersionAsync(AdminClient admin)
    {
        try
        {
            ServerStatus status = await admin.GetServerStatusAsync().ConfigureAwait(false);
            return status.Version;
        }
        catch (ShareRpcException)
        {
            return null; // a creator may not ask
        }
    }

    private static Finding CheckVersion(string? theirs)
    {
        string ours = typeof(ClientDoctor).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0] ?? "0";
        if (theirs is null) return Finding.Ok("token", "The server takes the token of this machine.");
        string said = $"The token is taken. The server is version {theirs}, this tool {ours}.";
        return theirs.Split('.')[0] == ours.Split('.')[0] ? Finding.Ok("versions", said)
            : Finding.Warn("versions", said, "Bring both to the same major version.");
    }

    private static Uri AddressOf(Uri server, string path) =>
        new UriBuilder(server) { Path = server.AbsolutePath.TrimEnd('/') + path }.Uri;

    private async Task<HttpResponseMessage> GetAsync(string path)
    {
        using var http = new HttpClient(NewHandler()) { Timeout = Patience };
        return await http.GetAsync(AddressOf(server, path)).ConfigureAwait(false);
    }

    private SocketsHttpHandler NewHandler() => new()
    {
        AllowAutoRedirect = false, UseProxy = proxy is not null,
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            {
                if (certificate is not null)
                    certificateEnds = DateTime.Parse(
                        certificate.GetExpirationDateString(), CultureInfo.CurrentCulture).ToUniversalTime();
                certificateErrors = errors;
                return errors == SslPolicyErrors.None;
            },
        },
    };
}
