using ShareRpc.Server.CapnWeb.Values;

namespace ShareRpc.Server.CapnWeb.Sessions;

/// <summary>An object of the peer. Its end is told to the peer.</summary>
internal sealed class ImportTarget(CapSession session, long id) : CapTarget
{
    public CapSession Session => session;

    public long Id => id;

    /// <summary>Gets or sets how often the peer has sent it.</summary>
    public long Sent { get; set; }

    public override Task<CapResult> CallAsync(IReadOnlyList<string> path, CapArguments arguments) =>
        session.CallPeerAsync(this, path, arguments);

    protected override void End() => session.Release(this);
}
