using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Http;

/// <summary>Registered until the request ends, so that revocation reaches it (I7).</summary>
internal sealed class HttpAuthority(Redemption redemption, AuthorityRegistry registry) : IDisposable
{
    public Authority Authority => redemption.Authority;

    public ShareRow Share => redemption.Share!;

    public void Dispose()
    {
        registry.Remove(redemption.Authority);
        redemption.Authority.Dispose();
    }
}
