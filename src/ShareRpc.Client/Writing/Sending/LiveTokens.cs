using ShareRpc.Client.Credentials;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.Client.Writing.Sending;

/// <summary>Chooses between the current token and the one of a rotation whose answer may have been lost.</summary>
internal sealed class LiveTokens(CredentialStore credentials)
{
    private readonly Lock gate = new();
    private readonly HashSet<string> dead = new(StringComparer.Ordinal);

    public ShareToken? Find(string capId)
    {
        lock (gate)
        {
            ShareToken?[] known = [credentials.FindToken(capId), credentials.FindNextToken(capId)];
            return known.FirstOrDefault(token => token is not null && !dead.Contains(token.Digest));
        }
    }

    /// <summary>Returns whether another token is known than this one, which the server calls revoked.</summary>
    public bool IsRotated(string capId, string revokedDigest)
    {
        lock (gate)
        {
            bool wasKnown = !dead.Add(revokedDigest);
            if (Find(capId) is not null) return true;
            if (!wasKnown) dead.Remove(revokedDigest);
            return false;
        }
    }
}
