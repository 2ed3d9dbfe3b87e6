using ShareRpc.Server.CapnWeb.Values;

namespace ShareRpc.Server.CapnWeb.Sessions;

/// <summary>An entry of the table of exports: the result of a push, or an object that the peer was given.</summary>
internal sealed class Export(CapPromise value, CapTarget? target = null)
{
    public CapPromise Value => value;

    /// <summary>Gets the object; null for the result of a push.</summary>
    public CapTarget? Target => target;

    /// <summary>Gets or sets how often the peer was told of it, less what it has released.</summary>
    public long References { get; set; } = 1;

    public bool IsPulled { get; set; }
}
