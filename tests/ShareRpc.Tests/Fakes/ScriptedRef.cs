using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;

namespace ShareRpc.Tests.Fakes;

/// <summary>A sturdy ref of a <see cref="ScriptedServer"/>.</summary>
internal sealed class ScriptedRef(string capId, string? shareId, Rights rights)
{
    public string CapId => capId;

    public string? ShareId => shareId;

    public Rights Rights => rights;

    /// <summary>Why it opens nothing any more.</summary>
    public ErrorCode? DeadCode { get; set; }
}
