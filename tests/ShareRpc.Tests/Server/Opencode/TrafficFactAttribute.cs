namespace ShareRpc.Tests.Server.Opencode;

/// <summary>A test on the recorded traffic: skipped on a plain clone that has no fixtures beside it.</summary>
internal sealed class TrafficFactAttribute : FactAttribute
{
    public TrafficFactAttribute()
    {
        if (!File.Exists(RecordedTraffic.Path)) Skip = "The recorded traffic is not beside this clone.";
    }
}
