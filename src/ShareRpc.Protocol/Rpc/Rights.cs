namespace ShareRpc.Protocol.Rpc;

/// <summary>The rights of a ref (SPEC section "Rights"). On the wire they are these strings, in this order.</summary>
[Flags]
public enum Rights
{
    None = 0,

    /// <summary>Root only: every share and every ref.</summary>
    Admin = 1,

    /// <summary>Create shares and administer those.</summary>
    Create = 2,

    /// <summary>Read ops, state and head.</summary>
    Read = 4,

    /// <summary>Append ops and end the share.</summary>
    Append = 8,

    /// <summary>Derive refs.</summary>
    Attenuate = 16,

    /// <summary>Take descendants back, list them and read the audit trail.</summary>
    Revoke = 32,
}
