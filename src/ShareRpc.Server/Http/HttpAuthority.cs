using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Http;

/// <summary>A request's authority: registered for as long as the request lasts, so that a revocation reaches it (I7).</summary>
internal sealed class HttpAuthority(Redemption redemption, AuthorityRegistry registry) : IDisposable
{
    public Authority Authority => redemption.Authority;

    /// <summary>Throws for a root or creator ref, which has none.</summary>
    public ShareRow Share => redemption.Share!;

    public void Dispose()
    {
        registry.Remove(redemption.Authority);
        redemption.Authority.Dispose();
    }
}
