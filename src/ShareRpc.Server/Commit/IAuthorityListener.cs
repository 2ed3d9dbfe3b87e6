using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Commit;

/// <summary>Is told what a store that others write, too, says of refs.</summary>
internal interface IAuthorityListener
{
    /// <summary>Called on the commit thread, before anything that rests on the refs is decided.</summary>
    void Apply(IReadOnlyList<RefState> states);
}
