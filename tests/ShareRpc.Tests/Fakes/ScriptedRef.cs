using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Tests.Fakes;

/// <summary>A sturdy ref of a <see cref="ScriptedServer"/>.</summary>
internal sealed class ScriptedRef(string capId, string? shareId, Rights rights)
{
    public string CapId => capId;

    public string? ShareId => shareId;

    public Rights Rights => rights;

    /// <summary>How often it may still be redeemed; null: as often as one likes.</summary>
    public int? UsesLeft { get; set; }

    /// <summary>Made by a redemption of another ref.</summary>
    public bool IsGrant { get; init; }

    /// <summary>Why it opens nothing any more.</summary>
    public ErrorCode? DeadCode { get; set; }
}
