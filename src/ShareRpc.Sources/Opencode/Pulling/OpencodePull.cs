using System.Text.Json;
using ShareRpc.Client;
using ShareRpc.Client.Admin;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Sources.Opencode.Pulling;

/// <summary>
/// Prepares <c>opencode import https://host/share/TOKEN</c>. Other processes can see the arguments, so a link that
/// may invite creates a read-only token that expires after 15 minutes. A counted link is used once: the import goes by
/// the grant that the use left behind.
/// </summary>
public sealed class OpencodePull : IAsyncDisposable
{
    private const string Label = "pull into opencode";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private readonly AdminClient access;
    private readonly ShareToken? made;

    private OpencodePull(ShareLink link, AdminClient access, ShareToken? made)
    {
        this.access = access;
        this.made = made;
        ShareToken token = made ?? access.Grant ?? link.Token;
        Address = $"{link.Server.GetLeftPart(UriPartial.Authority)}/share/{token.Reveal()}";
    }

    /// <summary>Gets the address to import; it contains a token.</summary>
    public string Address { get; }

    /// <summary>Checks that the link reads an opencode session and creates the import token.</summary>
    /// <exception cref="OpencodeException">opencode cannot import this share.</exception>
    /// <exception cref="ShareRpcException">The server refused the link.</exception>
    public static async Task<OpencodePull> PrepareAsync(
        ShareLink link, string? passphrase, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(time);
        if (link.Server.AbsolutePath != "/")
            throw new OpencodeException(
                "opencode imports only from a server at the root of its host, not below a path.");
        AdminClient access =
            await AdminClient.OpenShareAsync(link, passphrase, cancellationToken).ConfigureAwait(false);
        try
        {
            IReadOnlyList<Document> sessions =
                await access.ReadStateAsync([Kinds.Session], cancellationToken).ConfigureAwait(false);
            if (!sessions.Any(IsOfOpencode))
                throw new OpencodeException("This share holds no opencode session, or none has arrived yet.");
            return new OpencodePull(link, access,
                await CreateTokenAsync(access, passphrase, time).ConfigureAwait(false));
        }
        catch
        {
            await access.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Revokes the created token if the link may revoke; else it expires.</summary>
    public async Task RevokeTokenAsync()
    {
        if ((made ?? access.Grant) is not { } used || !access.Rights.Contains("revoke")) return;
        try
        {
            await access.RevokeCapabilityAsync(used.CapId).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ShareRpcException or DisconnectedException)
        {
            // The token expires anyway.
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => access.DisposeAsync();

    private static bool IsOfOpencode(Document session)
    {
        using JsonDocument document = session.Data.ToDocument();
        return session.Key.StartsWith("ses_", StringComparison.Ordinal)
            && document.RootElement.ValueKind == JsonValueKind.Object
            && document.RootElement.TryGetProperty("id", out JsonElement id) && id.ValueEquals(session.Key);
    }

    /// <summary>Returns null if the link may not invite, or has left a grant behind that needs no passphrase.</summary>
    private static async Task<ShareToken?> CreateTokenAsync(AdminClient access, string? passphrase, TimeProvider time)
    {
        if (access.Grant is not null && passphrase is null) return null; // opening a child of it counts at the link
        if (!access.Rights.Contains("attenuate"))
        {
            if (passphrase is null) return null;
            throw new OpencodeException(
                "opencode cannot pass a passphrase on. Ask for a link without one, with a short expiry.");
        }

        ShareToken token = ShareToken.New(RandomId.New());
        await access.AttenuateAsync(new AttenuateRequest
        {
            CapId = token.CapId, TokenDigest = token.Digest, Rights = Rights.Read.ToNames(), Label = Label,
            Caveats = new Caveats { ExpiresAtMs = (time.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds() },
        }).ConfigureAwait(false);
        return token;
    }
}
