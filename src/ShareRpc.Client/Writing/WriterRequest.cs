namespace ShareRpc.Client.Writing;

/// <summary>A request of a writer besides ops: it waits, or it failed for good.</summary>
/// <param name="Kind">One of the constants of this type.</param>
/// <param name="CapId">The ref that it makes or revokes.</param>
/// <param name="Code">The stable name of the error; null while it waits.</param>
public sealed record WriterRequest(string Kind, string CapId, string? Code)
{
    public const string CreateShare = "create_share";
    public const string Attenuate = "attenuate";
    public const string Revoke = "revoke";
}
