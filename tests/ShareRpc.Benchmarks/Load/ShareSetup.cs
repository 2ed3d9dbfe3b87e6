using System.Globalization;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Benchmarks.Load;

/// <summary>Makes shares and invitations with the root token, over the wire.</summary>
internal sealed class ShareSetup : IAsyncDisposable
{
    private readonly RpcSocket socket;
    private readonly long root;

    private ShareSetup(RpcSocket socket, long root)
    {
        this.socket = socket;
        this.root = root;
    }

    public static async Task<ShareSetup> OpenAsync(Uri server, string rootToken, CancellationToken cancellationToken)
    {
        RpcSocket socket = await RpcSocket.ConnectAsync(server, cancellationToken);
        var result = await socket.CallAsync("redeemRoot", $$"""{"token":"{{rootToken}}"}""", cancellationToken);
        return new ShareSetup(socket, result.GetProperty("root").GetProperty("handle").GetInt64());
    }

    /// <summary>A new share; its owner's token.</summary>
    public async Task<(string ShareId, ShareToken Owner)> CreateShareAsync(CancellationToken cancellationToken)
    {
        string shareId = RandomId.New();
        ShareToken owner = ShareToken.New(RandomId.New());
        await socket.CallAsync(
            MethodOf(root, "createShare"),
            $$"""{"share_id":"{{shareId}}","cap_id":"{{owner.CapId}}","token_digest":"{{owner.Digest}}"}""",
            cancellationToken);
        return (shareId, owner);
    }

    /// <summary>A token to read a share, derived from its owner's.</summary>
    public static async Task<ShareToken> InviteAsync(Uri server, ShareToken owner, CancellationToken cancellationToken)
    {
        await using RpcSocket socket = await RpcSocket.ConnectAsync(server, cancellationToken);
        (long handle, _) = await socket.RedeemAsync($$"""{"token":"{{owner.Reveal()}}"}""", cancellationToken);
        return await InviteAsync(socket, handle, cancellationToken);
    }

    public static async Task<ShareToken> InviteAsync(
        RpcSocket socket, long handle, CancellationToken cancellationToken, string? passphrase = null)
    {
        ShareToken viewer = ShareToken.New(RandomId.New());
        string digest = passphrase is null ? ""
            : $",\"passphrase_digest\":\"{Passphrase.DigestOf(viewer, passphrase)}\"";
        await socket.CallAsync(
            MethodOf(handle, "attenuate"),
            $$"""{"cap_id":"{{viewer.CapId}}","token_digest":"{{viewer.Digest}}","rights":["read"]{{digest}}}""",
                cancellationToken);
        return viewer;
    }

    public static string MethodOf(long handle, string method) =>
        string.Create(CultureInfo.InvariantCulture, $"$/invokeProxy/{handle}/{method}");

    public ValueTask DisposeAsync() => socket.DisposeAsync();
}
