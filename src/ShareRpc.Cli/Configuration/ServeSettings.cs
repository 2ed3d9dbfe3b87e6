using Microsoft.Extensions.Logging;
using ShareRpc.Cli.Commands;
using ShareRpc.Server;

namespace ShareRpc.Cli.Configuration;

/// <summary>All settings of <c>serve</c>; docs/configuration.md has the same table (a test compares them).</summary>
internal static class ServeSettings
{
    private const string NoSize = "is not a size such as 256MB or 2GB";
    private const string NoTime = "is not a time such as 12h, 400d or forever";

    public static IReadOnlyList<Setting> All { get; } =
    [
        Text("data", "DIR", "Data directory: database, keys, root token; created if missing", Serve.DefaultData,
            (options, text) => options.Server.DataDirectory = Path.GetFullPath(text)),
        Text("postgres", "CONNECTION", "PostgreSQL database of several nodes, in place of the data directory", "",
            (options, text) => options.Server.Postgres = text) with { IsSecret = true },
        Text("keys", "FILE", "Keys that all nodes of the database have, made by sharerpc init", "",
            (options, text) => options.Server.KeyFile = Path.GetFullPath(text)),
        Text("node_name", "NAME", "Name of this node among them", "machine and process",
            (options, text) => options.Server.NodeName = text),
        Text("urls", "URL", "Addresses to listen on, separated by ';'", Serve.DefaultUrl,
            (options, text) => options.Server.Urls = text),
        Text("public_url", "URL", "Address of the server for people, with its path behind a proxy",
            "the address of each request", (options, text) => options.Server.PublicUrl = AddressOf(text)),
        List("trust_proxy", "ADDRESS",
            "Address or network of proxies whose X-Forwarded-* headers are trusted",
            (options, texts) => options.Server.TrustedProxies = texts),
        List("allow_origin", "ORIGIN",
            "Another origin whose pages may connect, such as https://tools.example.org",
            (options, texts) => options.Server.AllowedOrigins = texts),
        List("embed_origin", "ORIGIN",
            "An origin whose pages may show sessions inside of them, such as https://wiki.example.org",
            (options, texts) => options.Server.EmbedOrigins = texts),
        Text("preview_title", "TEXT", "Title in previews of links, the same for every link", "A shared session",
            (options, text) => options.Server.PreviewTitle = text),
        Text("preview_description", "TEXT", "What previews of links say below the title", "",
            (options, text) => options.Server.PreviewDescription = text),
        Text("tls_cert", "FILE",
            "Certificate for https, with its chain (PEM); a renewed one is taken over", "",
            (options, text) => options.Server.TlsCertificate = text),
        Text("tls_key", "FILE", "Key of the certificate, without a passphrase (PEM)", "",
            (options, text) => options.Server.TlsKey = text),
        Switch("open_creation", "Lets opencode create shares without a creator token",
            (options, isOn) => options.Server.OpenCreation = isOn),
        Switch("erase_unshared",
            "Erases what opencode unshares; else it is kept until sharerpc rm",
            (options, isOn) => options.Server.EraseUnshared = isOn),
        Text("compact_after_ops", "N",
            "Drops the data of superseded ops beyond the newest N of a share", "keeps all",
            (options, text) => options.Server.CompactAfterOps = NumberOf(text)),
        Text("keep_audit", "DURATION", "How long the audit trail is kept, such as 90d or forever", "400d",
            (options, text) => options.Server.KeepAudit = PeriodOf(text)),
        Text("keep_shares", "DURATION",
            "How long a share is kept after its last append, comments left out, sharerpc keep or a restore, such as "
            + "90d; then it is erased", "forever",
            (options, text) => options.Server.KeepShares = PeriodOf(text)),
        Text("memory_budget", "SIZE",
            "Memory for messages, bodies, replies and recent ops, at least 64MB",
            "a quarter of the machine's",
            (options, text) => options.Server.MemoryBudget = Inputs.SizeOf(text) ?? throw new FormatException(NoSize)),
        Text("min_free_space", "SIZE", "Free space of the disk below which appends wait; 0: no floor", "256MB",
            (options, text) => options.Server.MinFreeSpace = text == "0" ? 0
                : Inputs.SizeOf(text) ?? throw new FormatException(NoSize)),
        Text("max_connections", "N",
            "WebSockets at once; an address may hold as many as it leaves free", "20000",
            (options, text) => options.Server.ServerLimits = WithConnections(options.Server, NumberOf(text))),
        Text("metrics_urls", "URL", "Addresses of a port of its own for Prometheus (/metrics, no token)", "",
            (options, text) => options.MetricsUrls = text),
        Text("metrics_token_file", "FILE", "File with the bearer token that /metrics of the server asks for", "",
            (options, text) => options.MetricsTokenFile = text),
        Text("log_level", "LEVEL", "Least level of the log: debug, information, warning or error", "information",
            (options, text) => options.Server.LogLevel = LevelOf(text)),
    ];

    private static Setting Text(
        string key, string helpName, string description, string usual, Action<ServeOptions, string> apply) =>
        new(key, helpName, description, usual, (options, texts) => apply(options, texts[^1]));

    private static Setting List(
        string key, string helpName, string description, Action<ServeOptions, string[]> apply) =>
        new(key, helpName, description, "", apply) { Form = SettingForm.List };

    private static Setting Switch(string key, string description, Action<ServeOptions, bool> apply) =>
        new(key, "", description, "false", (options, texts) => apply(options,
            bool.TryParse(texts[^1], out bool isOn) ? isOn : throw new FormatException("is neither true nor false")))
        {
            Form = SettingForm.Switch,
        };

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? uri
        : throw new FormatException("is not an address such as https://share.example.org");

    private static long NumberOf(string text) =>
        long.TryParse(text, out long number) ? number : throw new FormatException("is not a number");

    private static TimeSpan? PeriodOf(string text) =>
        text == "forever" ? null : Inputs.PeriodOf(text) ?? throw new FormatException(NoTime);

    /// <summary>Leaves as many connections to plain requests as there may be requests.</summary>
    private static ServerLimits WithConnections(ServerOptions options, long most)
    {
        ServerLimits limits = options.ServerLimits;
        int connections = most is > 0 and < 10_000_000 ? (int)most : throw new FormatException("is no such number");
        return limits with { Connections = connections, Sockets = connections + limits.HttpRequests };
    }

    private static LogLevel LevelOf(string text) =>
        Enum.TryParse(text, ignoreCase: true, out LogLevel level) && Enum.IsDefined(level) ? level
        : throw new FormatException("is no level: debug, information, warning or error");
}
