namespace ShareRpc.Client.Credentials;

/// <summary>A token and what it opens, as the credentials file keeps it.</summary>
/// <param name="Token">The token itself; empty where only the next one is known.</param>
/// <param name="Server">The server it is for.</param>
/// <param name="ShareId">The share; null for a root or creator token.</param>
/// <param name="Label">What people call it.</param>
/// <param name="NextToken">What a rotation that is under way makes of it; see
/// <see cref="CredentialStore.AddNext"/>.</param>
/// <param name="GrantToken">The token of the grant that this machine has of the ref; see <see
/// cref="CredentialStore.KeepGrant"/>.</param>
/// <param name="IsRevoked">True once it was taken back from this machine; false says nothing of what others
/// did.</param>
public sealed record Credential(
    string Token, Uri Server, string? ShareId, string? Label, string? NextToken = null, bool IsRevoked = false,
    string? GrantToken = null)
{
    /// <summary>Omits the token.</summary>
    public override string ToString() => $"credential for {ShareId ?? "root or creator"} on {Server}";
}
