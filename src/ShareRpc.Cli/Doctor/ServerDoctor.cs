using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using ShareRpc.Cli.Configuration;
using ShareRpc.Server;
using ShareRpc.Server.Hosting;
using ShareRpc.Sqlite;

namespace ShareRpc.Cli.Doctor;

/// <summary>Looks at what a server needs on this machine, without starting one and without changing anything.</summary>
internal sealed partial class ServerDoctor(ServeOptions serve, TimeProvider time)
{
    private const int SoonDays = 14;
    private readonly ServerOptions options = serve.Server;

    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<Finding> ofStore = options.Postgres is { } postgres
            ? [
                .. await DatabaseChecks.RunAsync(postgres, options.KeyFile, time, cancellationToken)
                    .ConfigureAwait(false),
                CheckUrls(),
            ]
            : [
                .. DirectoryChecks.Run(options.DataDirectory, "--data", options.MinFreeSpace),
                IsRunning() ? Finding.Ok("server", $"A server is running on {options.DataDirectory}.") : CheckUrls(),
                .. CheckKeys(),
            ];
        return
        [
            CheckOptions(),
            .. ofStore,
            .. CheckTls(),
            .. CheckProxy(),
            CheckClock(),
            .. CheckOpenFiles(),
        ];
    }

    private Finding CheckOptions() => options.FindMistake() is { } mistake
        ? Finding.Fail("configuration", mistake, "Correct it; sharerpc serve --print-config shows where it is set.")
        : Finding.Ok("configuration", "The settings fit each other.");

    private bool IsRunning()
    {
        string path = Path.Combine(options.DataDirectory, "server.lock");
        try
        {
            if (File.Exists(path)) OwnerOnly.OpenAlone(path).Dispose();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private Finding CheckUrls()
    {
        string[] urls = options.Urls.Split(';');
        if (!Array.TrueForAll(urls, url => Uri.IsWellFormedUriString(url, UriKind.Absolute)))
            return Finding.Fail("address", $"{options.Urls} is no list of addresses.", "Correct --urls.");
        return ListenFailure.Find(options.Urls) is { } failure
            ? Finding.Fail("address", failure.Message, "Do what the message says.")
            : Finding.Ok("address", $"{options.Urls} can be listened on.");
    }

    /// <summary>A database without its key file is refused at the start.</summary>
    private IEnumerable<Finding> CheckKeys()
    {
        string database = Path.Combine(options.DataDirectory, "shares.db");
        string key = Path.Combine(options.DataDirectory, "keys", "token.key");
        if (!File.Exists(database)) yield break;
        if (!File.Exists(key))
        {
            yield return Finding.Fail("keys", $"{key} is missing: no token can be checked without it.",
                "Restore it from a backup of the data directory.");
        }
        else if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(key) & ~(UnixFileMode)0x180) != 0)
        {
            yield return Finding.Warn("keys", $"Others may read {key}.", $"chmod 600 {key}");
        }
        else
        {
            yield return Finding.Ok("keys", "The key file is there, for its owner alone.");
        }
    }

    private IEnumerable<Finding> CheckTls()
    {
        if (options.TlsCertificate is not { } path || options.TlsKey is not { } key) yield break;
        if (TryRead(path, key, out X509Certificate2? certificate) is { } failure)
        {
            yield return failure;
            yield break;
        }

        using (certificate)
        {
            TimeSpan left = certificate!.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime;
            string ends = $"The certificate {path} ends {certificate.NotAfter:yyyy-MM-dd}.";
            yield return left <= TimeSpan.Zero ? Finding.Fail("tls", ends, "Renew it; a running server takes it over.")
                : left.TotalDays < SoonDays ? Finding.Warn("tls", ends, "Renew it; a running server takes it over.")
                : Finding.Ok("tls", ends);
            if (options.PublicUrl is { Scheme: "https" } url && !certificate.MatchesHostname(url.IdnHost))
            {
                yield return Finding.Fail("tls", $"The certificate {path} is not for {url.IdnHost}.",
                    "Get one for that name, or correct --public-url.");
            }
        }
    }

    private static Finding? TryRead(string path, string key, out X509Certificate2? certificate)
    {
        try
        {
            certificate = X509Certificate2.CreateFromPemFile(path, key);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            certificate = null;
            return Finding.Fail("tls", $"{path} or {key} cannot be read by this user.",
                "See that --tls-cert and --tls-key name files that it may read.");
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            certificate = null;
            return Finding.Fail("tls", $"{path} and {key} are not a certificate and its key.",
                "--tls-cert takes a PEM file with the certificate first, --tls-key one with its key, no passphrase.");
        }
    }

    private IEnumerable<Finding> CheckProxy()
    {
        bool isOpen = options.Urls.Split(';').Any(url => Uri.TryCreate(url, UriKind.Absolute, out Uri? address)
            && address.Scheme == Uri.UriSchemeHttp && !address.IsLoopback);
        if (isOpen && options.TrustedProxies.Count == 0)
        {
            yield return Finding.Warn("proxy", "Links, which are bearer secrets, leave this machine without TLS.",
                "Put a TLS proxy in front and name it with --trust-proxy, or serve https with --tls-cert.");
        }

        if (options.TrustedProxies.Count > 0 && options.PublicUrl is null)
        {
            yield return Finding.Warn("proxy", "A proxy is trusted, but --public-url is not set.",
                "Set --public-url to the address that people see, so that links and browsers' origins are right.");
        }
    }

    private Finding CheckClock()
    {
        DateTimeOffset now = time.GetUtcNow();
        return now.Year is >= 2025 and < 2100 ? Finding.Ok("clock", $"It is {now:yyyy-MM-dd HH:mm:ss} UTC.")
            : Finding.Fail("clock", $"The clock says {now:yyyy-MM-dd}.", "Set it, and run a time service (NTP).");
    }

    private IEnumerable<Finding> CheckOpenFiles()
    {
        const string Limits = "/proc/self/limits";
        const int Others = 256;
        if (!File.Exists(Limits)) yield break;
        Match match = OpenFiles().Match(File.ReadAllText(Limits));
        if (!match.Success || !long.TryParse(match.Groups[1].Value, out long most)) yield break;
        long wanted = options.ServerLimits.Sockets + Others;
        string said = $"{most:N0} files may be open; {options.ServerLimits.Sockets:N0} connections are allowed.";
        yield return most >= wanted ? Finding.Ok("open files", said) : Finding.Warn("open files", said,
            $"Allow {wanted} (LimitNOFILE= in a systemd unit, ulimit -n), or lower --max-connections.");
    }

    [GeneratedRegex(@"Max open files\s+(\d+)", RegexOptions.None, 1000)]
    private static partial Regex OpenFiles();
}
