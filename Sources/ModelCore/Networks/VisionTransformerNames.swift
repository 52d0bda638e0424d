/// The names that published implementations give to the layers of a vision transformer: the patches,
/// the class token, the positions, each block (normalisation, attention with queries, keys and
/// values in one layer, its projection; normalisation, two linear layers), the last normalisation
/// and the linear layer of the classes.
enum VisionTransformerNames {
  typealias Layer = NamingConvention.Layer

  static func timm(_ depth: Int) -> [Layer] {
    let blocks = (0..<depth).flatMap { index -> [Layer] in
      let block = "blocks.\(index)"
      return [
        "\(block).norm1.*", "\(block).attn.qkv.*", "\(block).attn.proj.*",
        "\(block).norm2.*", "\(block).mlp.fc1.*", "\(block).mlp.fc2.*",
      ]
    }
    return ["patch_embed.proj.*", "cls_token", "pos_embed"] + blocks + ["norm.*", "head.*"]
  }

  static func torchvision(_ depth: Int) -> [Layer] {
    let blocks = (0..<depth).flatMap { index -> [Layer] in
      let block = "encoder.layers.encoder_layer_\(index)"
      return [
        "\(block).ln_1.*", "\(block).self_attention.in_proj_*",
        "\(block).self_attention.out_proj.*", "\(block).ln_2.*", "\(block).mlp.0.*",
        "\(block).mlp.3.*",
      ]
    }
    return ["conv_proj.*", "class_token", "encoder.pos_embedding"] + blocks
      + ["encoder.ln.*", "heads.head.*"]
  }

  /// The names of Hugging Face's transformers: those of its files, and those that its modules have
  /// since version 5. A DeiT without a distillation token is a ViT there.
  static func huggingFace(_ depth: Int, version5: Bool) -> [Layer] {
    let blocks = (0..<depth).flatMap { index -> [Layer] in
      let block = version5 ? "vit.layers.\(index)" : "vit.encoder.layer.\(index)"
      let attention = version5 ? "\(block).attention" : "\(block).attention.attention"
      let packed = version5 ? ["q_proj", "k_proj", "v_proj"] : ["query", "key", "value"]
      let others =
        version5
        ? ["attention.o_proj", "mlp.fc1", "mlp.fc2"]
        : ["attention.output.dense", "intermediate.dense", "output.dense"]
      return [
        "\(block).layernorm_before.*", Layer(joining: packed.map { "\(attention).\($0).*" }),
        "\(block).\(others[0]).*", "\(block).layernorm_after.*", "\(block).\(others[1]).*",
        "\(block).\(others[2]).*",
      ]
    }
    let embeddings = "vit.embeddings"
    return [
      "\(embeddings).patch_embeddings.projection.*", "\(embeddings).cls_token",
      "\(embeddings).position_embeddings",
    ] + blocks + ["vit.layernorm.*", "classifier.*"]
  }
}
