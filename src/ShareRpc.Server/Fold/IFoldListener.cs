namespace ShareRpc.Server.Fold;

/// <summary>Is told what was folded; must not block.</summary>
internal interface IFoldListener
{
    /// <summary>Called once the share's documents are those of a later cursor than before.</summary>
    void OnFolded(long shareKey);
}
