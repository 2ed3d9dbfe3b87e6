namespace ShareRpc.Server.Storage;

/// <summary>What told a ref's token before it was rotated.</summary>
internal sealed record FormerSecret(byte[] Tag, string Verifier);
