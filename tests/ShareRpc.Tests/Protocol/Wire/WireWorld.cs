using System.Text.Json;
using System.Text.RegularExpressions;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>
/// One scenario's share on the server, and the names that its vector gives to refs, tokens, writers, connections and
/// handles. A name stands for a fresh random id; a token of a name that is no ref is a well-formed token that nobody
/// knows.
/// </summary>
internal sealed partial class WireWorld : IDisposable
{
    public const string Root = "root";
    public const string Owner = "owner";
    private readonly WireServer server;
    private readonly CancellationToken timeout;
    private const string OpenSesame = "open sesame";
    private readonly Dictionary<string, ShareToken> tokens = [];
    private readonly Dictionary<string, ShareToken> others = [];
    private readonly Dictionary<string, string> ids = [];
    private readonly Dictionary<string, WireConnection> connections = [];
    private readonly Dictionary<string, string> saved = [];
    private readonly HashSet<string> rootLike = [Root];
    private readonly HashSet<string> commenting = [];

    private WireWorld(WireServer server, CancellationToken timeout)
    {
        this.server = server;
        this.timeout = timeout;
    }

    public string ShareId { get; } = RandomId.New();

    /// <summary>A fresh share with its owner ref, and the refs that the vector names.</summary>
    public static async Task<WireWorld> CreateAsync(WireServer server, JsonElement input, CancellationToken timeout)
    {
        var world = new WireWorld(server, timeout);
        WireHandle root = await world.RedeemRootAsync("setup", Root);
        await root.ResultAsync("createShare", world.Resolve(
            """{"share_id":"{share}","cap_id":"{cap:owner}","token_digest":"{digest:owner}","label":"vector"}"""));
        if (input.ValueKind != JsonValueKind.Object || !input.TryGetProperty("refs", out JsonElement refs))
            return world;
        foreach (JsonProperty named in refs.EnumerateObject()) await world.AttenuateAsync(named);
        return world;
    }

    public WireConnection Connection(string name) => connections[name];

    public async Task<WireConnection> ConnectAsync(string name)
    {
        if (connections.TryGetValue(name, out WireConnection? open)) return open;
        return connections[name] = await WireConnection.ConnectAsync(server.Address, timeout);
    }

    /// <summary>Forgets a connection, so that the next use of its name opens another.</summary>
    public void Drop(string name)
    {
        if (connections.Remove(name, out WireConnection? open)) open.Dispose();
    }

    /// <summary>By whichever of the two methods the ref is for.</summary>
    public Task<WireHandle> RedeemAsync(string connection, string name, string more = "") =>
        rootLike.Contains(name) ? RedeemRootAsync(connection, name) : RedeemShareAsync(connection, name, more);

    public async Task<WireHandle> RedeemRootAsync(string connection, string name)
    {
        WireConnection wire = await ConnectAsync(connection);
        JsonElement result = await wire.ResultAsync("redeemRoot", Resolve($$"""{"token":"{token:{{name}}}"}"""));
        return new WireHandle(wire, result.GetProperty("root").GetProperty("handle").GetInt64(), result);
    }

    public async Task<WireHandle> RedeemShareAsync(string connection, string name, string more = "")
    {
        WireConnection wire = await ConnectAsync(connection);
        if (commenting.Contains(name))
            more += $$""","grant":{"cap_id":"{cap:{{name}}_grant}","token_digest":"{digest:{{name}}_grant}"}""";
        JsonElement result =
            await wire.ResultAsync("redeemShare", Resolve($$"""{"token":"{token:{{name}}}"{{more}}}"""));
        return new WireHandle(wire, result.GetProperty("share").GetProperty("handle").GetInt64(), result);
    }

    public Uri Server => server.Address;

    public bool IsSaved(string name) => saved.ContainsKey(name);

    public void Save(string name, string json) => saved[name] = json;

    /// <summary>
    /// Puts in what the names stand for: <c>{share}</c>, <c>{token:ref}</c>, <c>{cap:ref}</c>, <c>{digest:ref}</c>,
    /// <c>{writer:name}</c>, <c>{id:name}</c>, <c>{forged:ref}</c> (its cap id with another secret), <c>{other:ref}</c>
    /// (likewise, the same each time), its <c>{other_digest:ref}</c>, <c>{passphrase_digest:ref}</c>, <c>{origin}</c>,
    /// and what a step saved: <c>{var:name}</c> inside a string, <c>"{json:name}"</c> for a whole value.
    /// </summary>
    public string Resolve(string text)
    {
        string whole = WholeValue().Replace(text, match => saved[match.Groups[1].Value]);
        return Name().Replace(whole, match => (match.Groups[1].Value, match.Groups[2].Value) switch
        {
            ("share", "") => ShareId,
            ("token", Root) => server.RootToken,
            ("cap", Root) => server.RootToken.Substring(5, RandomId.Length),
            ("token", var name) => TokenOf(name).Reveal(),
            ("cap", var name) => TokenOf(name).CapId,
            ("digest", var name) => TokenOf(name).Digest,
            ("writer" or "id", var name) => IdOf(match.Value),
            ("forged", Root) => Forge(server.RootToken),
            ("forged", var name) => Forge(TokenOf(name).Reveal()),
            ("other", var name) => OtherOf(name).Reveal(),
            ("other_digest", var name) => OtherOf(name).Digest,
            ("passphrase_digest", var name) => Passphrase.DigestOf(TokenOf(name), OpenSesame),
            ("other_passphrase_digest", var name) => Passphrase.DigestOf(OtherOf(name), OpenSesame),
            ("origin", var scheme) => $"{(scheme.Length > 0 ? scheme : "http")}://{server.Address.Authority}",
            ("var", var name) => saved[name].Trim('"'),
            _ => match.Value,
        });
    }

    public void Dispose()
    {
        foreach (WireConnection connection in connections.Values) connection.Dispose();
    }

    private async Task AttenuateAsync(JsonProperty named)
    {
        bool isPlain = named.Value.ValueKind == JsonValueKind.Array;
        string parent = !isPlain && named.Value.TryGetProperty("of", out JsonElement of) ? of.GetString()! : Owner;
        string rights = (isPlain ? named.Value : named.Value.GetProperty("rights")).GetRawText();
        JsonElement given = default;
        bool hasCaveats = !isPlain && named.Value.TryGetProperty("caveats", out given);
        string caveats = hasCaveats ? $",\"caveats\":{given.GetRawText()}" : "";
        if (rootLike.Contains(parent)) rootLike.Add(named.Name);
        if (rights.Contains("\"comment\"", StringComparison.Ordinal)) commenting.Add(named.Name);
        WireHandle handle = await RedeemAsync("setup", parent);
        await handle.ResultAsync("attenuate", Resolve(
            $$"""
            {"cap_id":"{cap:{{named.Name}}}","token_digest":"{digest:{{named.Name}}}",
             "rights":{{rights}}{{caveats}}}
            """));
    }

    private static string Forge(string token) =>
        ShareToken.New(token.Substring(ShareToken.Prefix.Length, RandomId.Length)).Reveal();

    private ShareToken TokenOf(string name)
    {
        if (!tokens.TryGetValue(name, out ShareToken? token)) tokens.Add(name, token = ShareToken.New(RandomId.New()));
        return token;
    }

    private ShareToken OtherOf(string name)
    {
        if (!others.TryGetValue(name, out ShareToken? token))
            others.Add(name, token = ShareToken.New(TokenOf(name).CapId));
        return token;
    }

    private string IdOf(string name)
    {
        if (!ids.TryGetValue(name, out string? id)) ids.Add(name, id = RandomId.New());
        return id;
    }

    [GeneratedRegex("\"\\{json:(\\w+)\\}\"")]
    private static partial Regex WholeValue();

    [GeneratedRegex(
        "\\{(share|token|cap|digest|writer|id|var|forged|other|(?:other_)?(?:passphrase_)?digest|origin)"
        + "(?::(\\w+))?\\}")]
    private static partial Regex Name();
}
