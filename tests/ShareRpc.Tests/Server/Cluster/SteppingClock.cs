namespace ShareRpc.Tests.Server.Cluster;

/// <summary>A machine's clock that somebody sets while time goes on.</summary>
internal sealed class SteppingClock : TimeProvider
{
    public TimeSpan Off { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Off;
}
