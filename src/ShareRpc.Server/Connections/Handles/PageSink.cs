using ShareRpc.Server.Read;

namespace ShareRpc.Server.Connections.Handles;

/// <summary>Takes the pages of one subscription in place of the connection's notifications. Any thread.</summary>
internal abstract class PageSink
{
    /// <summary>Gets or sets what to call when the subscriber has dealt with a page of so many bytes.</summary>
    public Action<int> OnTaken { get; set; } = _ => { };

    /// <summary>Gets or sets what to call when the subscriber takes no more.</summary>
    public Action<Exception> OnRefused { get; set; } = _ => { };

    /// <summary>Gets whether another page may be sent; when it may again, <see cref="OnTaken"/> was called.</summary>
    public abstract bool HasRoom { get; }

    /// <summary>Sends a page, which has just passed its last look, before it returns.</summary>
    public abstract void Push(SharedPage page);
}
