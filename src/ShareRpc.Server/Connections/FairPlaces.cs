namespace ShareRpc.Server.Connections;

/// <summary>
/// A number of places, of which each address or network may hold as many as it leaves free, and a few in any case. Any
/// thread.
/// </summary>
/// <param name="most">How many there are.</param>
/// <param name="few">What anybody may hold while there is a place.</param>
internal sealed class FairPlaces(int most, int few = 16)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> held = new(StringComparer.Ordinal);
    private int taken;

    /// <summary>Takes a place; null is somebody with no share of its own, such as a proxy.</summary>
    public bool TryTake(string? network)
    {
        lock (gate)
        {
            int own = network is null ? 0 : held.GetValueOrDefault(network) + 1;
            if (taken >= most || own > Math.Max(few, most - taken - 1)) return false;
            taken++;
            if (network is not null) held[network] = own;
            return true;
        }
    }

    public void Give(string? network)
    {
        lock (gate)
        {
            taken--;
            if (network is null) return;
            if (--held[network] == 0) held.Remove(network);
        }
    }
}
