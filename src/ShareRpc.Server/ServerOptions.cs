using System.Net;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Limits;

namespace ShareRpc.Server;

/// <summary>Options of a share server, checked once at start.</summary>
public sealed record ServerOptions
{
    /// <summary>
    /// Gets or sets the directory of database, keys and root token; created if missing. One server per directory.
    /// </summary>
    public required string DataDirectory { get; set; }

    /// <summary>Gets or sets the listening addresses, separated by semicolons; port 0 takes a free one.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:8787";

    /// <summary>
    /// Gets or sets the PEM file of the certificate, with its chain, for <c>https</c> addresses; read again when it
    /// changes. Default: none.
    /// </summary>
    public string? TlsCertificate { get; set; }

    /// <summary>Gets or sets the PEM file of the certificate's key, without a passphrase.</summary>
    public string? TlsKey { get; set; }

    /// <summary>Gets or sets allowed browser origins besides the server's own. Default: none.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; } = [];

    /// <summary>
    /// Gets or sets the origins whose pages may show a session inside of them. Default: none; no page may.
    /// </summary>
    public IReadOnlyList<string> EmbedOrigins { get; set; } = [];

    /// <summary>
    /// Gets or sets the title that previews of links show, of every link alike, valid or not. Default: "A shared
    /// session". Nothing of a session is ever in a preview.
    /// </summary>
    public string PreviewTitle { get; set; } = "A shared session";

    /// <summary>Gets or sets what previews of links say below the title. Default: nothing.</summary>
    public string PreviewDescription { get; set; } = "";

    /// <summary>
    /// Gets or sets whether opencode may create shares without a token. Default: false, since anybody could store data.
    /// </summary>
    public bool OpenCreation { get; set; }

    /// <summary>
    /// The address that people reach the server by, for instance <c>https://share.example.org</c>, with the path below
    /// which a proxy serves it, if any. Links start with it, and pages of its origin may connect. Default: what each
    /// request was sent to.
    /// </summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>
    /// Proxies whose <c>X-Forwarded-For</c>, <c>-Proto</c>, <c>-Host</c> and <c>-Prefix</c> are trusted: addresses such
    /// as <c>10.0.0.1</c> or networks such as <c>10.0.0.0/8</c>. None by default.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; set; } = [];

    /// <summary>Gets or sets the minimum log level.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>
    /// Gets or sets whether unsharing in opencode erases data at once. Default: false, kept until root deletes the
    /// share; unreadable either way.
    /// </summary>
    public bool EraseUnshared { get; set; }

    /// <summary>
    /// Gets or sets how many newest ops of a share keep their data; older superseded ones lose it, and readers that far
    /// behind get the state. At least 1; null (default): all.
    /// </summary>
    public long? CompactAfterOps { get; set; }

    /// <summary>
    /// Gets or sets the bytes that connections, messages, bodies, replies, what waits for the disk and the newest ops
    /// of shares may take in memory, at least 4 times <c>frame_bytes</c> (64 MiB). Null, the default: a quarter of the
    /// memory of the machine or container, or that least.
    /// </summary>
    public long? MemoryBudget { get; set; }

    /// <summary>
    /// Gets or sets the bytes that stay free on the disk of the data directory: below them appends get
    /// <c>overloaded</c>, while reads and revocations go on. 0: no floor. Default: 256 MiB. Not with a database of
    /// several nodes.
    /// </summary>
    public long MinFreeSpace { get; set; } = 256L * 1024 * 1024;

    /// <summary>
    /// Gets or sets how long entries of the audit trail are kept, more than 0; null: for ever. Default: 400 days.
    /// </summary>
    public TimeSpan? KeepAudit { get; set; } = TimeSpan.FromDays(400);

    /// <summary>
    /// Gets or sets how long a share is kept after its last append that is no comment, or since its owner kept it, at
    /// least a day; then it is deleted and erased. Null, the default: for ever.
    /// </summary>
    public TimeSpan? KeepShares { get; set; }

    /// <summary>Gets or sets the limits for clients.</summary>
    public ProtocolLimits Limits { get; set; } = new();

    /// <summary>Gets or sets the server's own limits.</summary>
    public ServerLimits ServerLimits { get; set; } = new();

    /// <summary>
    /// Gets or sets the connection string of the PostgreSQL database that several nodes serve. Default: none; this
    /// process alone serves its data directory.
    /// </summary>
    public string? Postgres { get; set; }

    /// <summary>Gets or sets the name of this node among them. Default: the machine's name and the process's id.
    /// </summary>
    public string? NodeName { get; set; }

    /// <summary>
    /// Gets or sets the file with the keys that all nodes of a database have. Default: none; they are in the data
    /// directory, with the root token.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>True gives up durability on power loss. Only for a test.</summary>
    internal bool NeverSyncs { get; set; }

    /// <summary>
    /// False leaves every call to StreamJsonRpc, for measurements: <c>"ShareRpc.DirectCalls": false</c> in
    /// <c>configProperties</c> of <c>sharerpc.runtimeconfig.json</c>.
    /// </summary>
    internal bool DirectCalls { get; set; } = !AppContext.TryGetSwitch("ShareRpc.DirectCalls", out bool isOn) || isOn;

    /// <summary>Where the data is, for people.</summary>
    internal string Place => Postgres is null ? DataDirectory : "PostgreSQL";

    /// <summary>What waits for the disk may take of the memory budget.</summary>
    internal long QueueBytes => Math.Min(ServerLimits.QueueBytes, MemoryBytes / 8);

    internal long MemoryBytes =>
        MemoryBudget ?? Math.Max(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, LeastMemory);

    private long LeastMemory => 4L * Limits.FrameBytes;

    internal void Validate()
    {
        if (FindMistake() is { } mistake) throw new ServerStartException(mistake);
    }

    internal string? FindMistake()
    {
        if (Postgres is null && KeyFile is not null)
            return "--keys goes with --postgres: a data directory has its own.";
        if (KeyFile is null && string.IsNullOrWhiteSpace(DataDirectory))
            return "DataDirectory is empty: name the directory to keep the data in.";
        if (Limits.DocumentBytes < Limits.OpBytes
            || Limits.DocumentBytes > Limits.FrameBytes - ProtocolLimits.EnvelopeBytes)
        {
            return "Limits: document_bytes must be at least op_bytes, and 64 KiB less than frame_bytes.";
        }

        if (PublicUrl is { } url && !(IsAddress(url) && url.AbsoluteUri == url.GetLeftPart(UriPartial.Path)))
        {
            return "PublicUrl must be an address such as https://share.example.org or https://example.org/shares.";
        }

        if (AllowedOrigins.FirstOrDefault(text => !IsOrigin(text)) is { } origin)
        {
            return $"AllowedOrigins: {origin} is not an origin such as https://share.example.org, without a path.";
        }

        if (EmbedOrigins.FirstOrDefault(text => !IsOrigin(text)) is { } embedding)
        {
            return $"EmbedOrigins: {embedding} is not an origin such as https://wiki.example.org, without a path.";
        }

        if (PreviewTitle.Length is 0 or > 200 || PreviewDescription.Length > 500)
            return "PreviewTitle must have 1 to 200 characters, PreviewDescription at most 500.";
        if (TrustedProxies.FirstOrDefault(proxy => FindNetwork(proxy) is null) is { } proxy)
        {
            return $"TrustedProxies: {proxy} is neither an IP address nor a network such as 10.0.0.0/8.";
        }

        if (KeepShares < TimeSpan.FromDays(1)) return "KeepShares must be at least a day, or null: for ever.";
        if (KeepAudit <= TimeSpan.Zero) return "KeepAudit must be more than 0, or null: for ever.";
        if (MinFreeSpace < 0) return "MinFreeSpace must be 0 or more.";
        if (CompactAfterOps < 1) return "CompactAfterOps must be at least 1, or not given.";
        if (ServerLimits.Connections < 1 || ServerLimits.Sockets < ServerLimits.Connections)
            return "Connections must be at least 1, and Sockets no fewer.";
        if (MemoryBudget < LeastMemory) return $"MemoryBudget must be at least {LeastMemory / (1024 * 1024)} MiB.";
        return FindMistakeOfUrls();
    }

    private string? FindMistakeOfUrls()
    {
        bool isSecure = false;
        foreach (string text in Urls.Split(';'))
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || !IsAddress(url) || url.PathAndQuery != "/")
                return "Urls must be addresses such as http://127.0.0.1:8787, without a path, separated by semicolons.";
            if (url.HostNameType == UriHostNameType.Dns && !url.IsLoopback)
                return $"Urls: {text} has a name. Listen on an IP address such as 0.0.0.0 (all), and give the name "
                    + "with --public-url.";
            isSecure |= url.Scheme == Uri.UriSchemeHttps;
        }

        if ((TlsCertificate is null) != (TlsKey is null)) return "Give both --tls-cert and --tls-key, or neither.";
        if (isSecure && TlsCertificate is null)
            return "Urls: https needs a certificate. Give --tls-cert FILE and --tls-key FILE, or use a TLS proxy.";
        return !isSecure && TlsCertificate is not null
            ? "TlsCertificate: no address is https. Give one with --urls, such as https://0.0.0.0:8443." : null;
    }

    internal static IPNetwork? FindNetwork(string text)
    {
        if (IPNetwork.TryParse(text, out IPNetwork network)) return network;
        return IPAddress.TryParse(text, out IPAddress? address)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
    }

    private static bool IsAddress(Uri url) =>
        url.IsAbsoluteUri && url.Scheme is "http" or "https" && url.UserInfo.Length == 0;

    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && IsAddress(url)
        && url.PathAndQuery == "/" && url.Fragment.Length == 0;
}
