using System.Net;
using Microsoft.Extensions.Logging;
using ShareRpc.Protocol.Limits;

namespace ShareRpc.Server;

/// <summary>
/// How a share server runs. Checked once, at start; a mistake is refused with a message that names the option.
/// </summary>
public sealed record ServerOptions
{
    /// <summary>Where everything is kept: database, keys, root token. Made if it is not there. One server per directory.</summary>
    public required string DataDirectory { get; set; }

    /// <summary>Addresses to listen on, separated by semicolons; port 0 takes a free one. Default: loopback, port 8787.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:8787";

    /// <summary>
    /// Browser origins that may connect besides the server's own, for instance <c>https://share.example.org</c>. None by default.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; } = [];

    /// <summary>
    /// Whether opencode may make shares without a creator token, at the server's own address. Off by default: anybody who reaches the
    /// server could store what they like.
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

    /// <summary>What is logged, to standard error: this level and above.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>
    /// What becomes of the data when opencode takes a share back: true erases it at once; false, the default, keeps it until root deletes
    /// the share. Nobody can read it either way.
    /// </summary>
    public bool EraseUnshared { get; set; }

    /// <summary>
    /// How many of a share's newest ops keep their data whatever comes; older ones that a later op of the same document supersedes lose
    /// theirs, and a reader that far behind is given the state instead. At least 1; null, the default: nothing is ever dropped.
    /// </summary>
    public long? CompactAfterOps { get; set; }

    /// <summary>What clients are held to.</summary>
    public ProtocolLimits Limits { get; set; } = new();

    /// <summary>What the server holds itself to.</summary>
    public ServerLimits ServerLimits { get; set; } = new();

    /// <summary>
    /// True makes the database promise nothing about a power loss. It exists so that a test can show what then is lost: nothing that
    /// a user of the server can reach sets it.
    /// </summary>
    internal bool NeverSyncs { get; set; }

    /// <summary>
    /// False has StreamJsonRpc answer every call. It exists for measurements: <c>"ShareRpc.DirectCalls": false</c> among the
    /// <c>configProperties</c> of a copy's <c>sharerpc.runtimeconfig.json</c> makes that copy the other side of a comparison.
    /// </summary>
    internal bool DirectCalls { get; set; } = !AppContext.TryGetSwitch("ShareRpc.DirectCalls", out bool isOn) || isOn;

    internal void Validate()
    {
        if (FindMistake() is { } mistake) throw new ServerStartException(mistake);
    }

    /// <summary>Returns what is wrong with the options, naming the one at fault; null when nothing is.</summary>
    internal string? FindMistake()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory)) return "DataDirectory is empty: name the directory to keep the data in.";
        if (Limits.DocumentBytes < Limits.OpBytes || Limits.DocumentBytes > Limits.FrameBytes - ProtocolLimits.EnvelopeBytes)
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

        if (TrustedProxies.FirstOrDefault(proxy => FindNetwork(proxy) is null) is { } proxy)
        {
            return $"TrustedProxies: {proxy} is neither an IP address nor a network such as 10.0.0.0/8.";
        }

        if (CompactAfterOps < 1) return "CompactAfterOps must be at least 1, or not given.";
        bool areAddresses = Urls.Split(';')
            .All(url => Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https");
        return areAddresses ? null : "Urls must be addresses such as http://127.0.0.1:8787, separated by semicolons.";
    }

    /// <summary>Returns the network of an address or of a network in CIDR notation; null when the text is neither.</summary>
    internal static IPNetwork? FindNetwork(string text)
    {
        if (IPNetwork.TryParse(text, out IPNetwork network)) return network;
        return IPAddress.TryParse(text, out IPAddress? address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
    }

    private static bool IsAddress(Uri url) =>
        url.IsAbsoluteUri && url.Scheme is "http" or "https" && url.UserInfo.Length == 0;

    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && IsAddress(url)
        && url.PathAndQuery == "/" && url.Fragment.Length == 0;
}
